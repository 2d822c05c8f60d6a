package edge

import "testing"

// An upload whose last bytes the origin does not take ends with the exchange.
func TestStuckUploadEnds(t *testing.T) {
	l := newStuck()
	x := uploading(t, paper{}, l)
	x.rest = []byte("hello")
	go x.up.run()
	<-l.begun
	if x.up.behind() {
		t.Error("the body has not been read")
	}
	x.endUpload()
	if x.origin != nil || x.up.failure != failWrite {
		t.Errorf("origin %v, failure %q", x.origin, failures[x.up.failure].reason)
	}
}
