package edge

import "testing"

// An answer that is there does not wait for the last write of an upload that the
// origin reads no more: without a limit between bytes it would wait for ever.
func TestStuckUploadIsNotIdle(t *testing.T) {
	u := upload{done: make(chan struct{})}
	u.drained.Store(true)
	if u.idle() {
		t.Error("an upload that is still writing counts as ended")
	}
	close(u.done)
	if !u.idle() {
		t.Error("an upload that has ended does not count as such")
	}
	u.failure = failWrite
	if u.idle() {
		t.Error("an upload that has failed leaves its connection fit for another request")
	}
}
