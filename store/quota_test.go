package store

import (
	"errors"
	"testing"

	"headwater/service"
)

// A version takes no more objects than it may have.
func TestObjectsInVersion(t *testing.T) {
	keeper, err := service.NewKeeper()
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	db, err := Open(ctx, Options{Sealer: keeper})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	who, err := db.SetOperatorToken(ctx, "secret-of-the-operator")
	if err != nil {
		t.Fatal(err)
	}
	s, err := db.CreateService(ctx, who, service.Service{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	at := service.Ref{Service: s.ID, Version: 1}
	err = db.update(ctx, func(t *tx) error {
		_, err := t.exec(`
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO object (service_id, version, kind, name, seq, body, created_at, updated_at)
			SELECT $2, 1, 'gzip', 'g' || i, i, '{}', 0, 0 FROM n`, maxObjects-1, s.ID)
		if err != nil {
			return err
		}
		_, err = t.exec(`UPDATE version SET revision = $1 WHERE service_id = $2`, maxObjects-1, s.ID)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"last.test", "beyond.test"} {
		o, err := service.DomainKind.Create(service.Input{"name": {Text: name}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.CreateObject(ctx, who, at, service.DomainKind, o)
		var e *service.Error
		if refused := errors.As(err, &e) && e.Code == service.Invalid; refused != (name == "beyond.test") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
