package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// documentFormat is the newest layout of a snapshot's document. Fields may be
// added to kinds, and kinds to the engine, without a new one.
const documentFormat = 1

// A document is a snapshot outside of the program: a file, or a message.
type document struct {
	Format   int             `json:"format"`
	Checksum string          `json:"checksum"` // SHA-256 of Snapshot's bytes
	Snapshot json.RawMessage `json:"snapshot"`
}

type snapshotDocument struct {
	Customer        string                      `json:"customer"`
	Service         string                      `json:"service"`
	Version         int                         `json:"version"`
	Generation      int64                       `json:"generation"`
	Identity        string                      `json:"identity"` // for those who compare documents
	Objects         map[string][]objectDocument `json:"objects"`
	ContentRevision int64                       `json:"content_revision,omitempty"`
	Contents        map[string]string           `json:"contents,omitempty"`
}

type objectDocument struct {
	Seq     int64           `json:"seq"`
	Created int64           `json:"created_at"` // microseconds since 1970, UTC
	Updated int64           `json:"updated_at"`
	Body    json.RawMessage `json:"body"`
}

// Encode returns s as one JSON document that describes itself, secrets sealed.
func (s *Snapshot) Encode(sealer Sealer) ([]byte, error) {
	inner := snapshotDocument{
		Customer: s.Customer, Service: s.Service, Version: s.Version,
		Generation: s.Generation, Identity: s.Identity(),
		Objects:         map[string][]objectDocument{},
		ContentRevision: s.ContentRevision, Contents: s.Contents,
	}
	for _, k := range Kinds() {
		for _, o := range s.Objects[k.Name] {
			d, err := k.document(o, s.Service, sealer)
			if err != nil {
				return nil, fmt.Errorf("encode snapshot: %w", err)
			}
			inner.Objects[k.Name] = append(inner.Objects[k.Name], d)
		}
	}
	raw, err := json.Marshal(inner)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return json.Marshal(document{Format: documentFormat, Checksum: checksum(raw), Snapshot: raw})
}

// document returns o outside of the program; owner is its service.
func (k *Kind) document(o Object, owner string, sealer Sealer) (objectDocument, error) {
	body, err := k.Marshal(o, owner, sealer)
	m := o.Meta()
	return objectDocument{Seq: m.Seq, Created: m.Created.UnixMicro(), Updated: m.Updated.UnixMicro(), Body: body}, err
}

// object is the inverse of document.
func (k *Kind) object(d objectDocument, owner string, sealer Sealer) (Object, error) {
	o, err := k.Unmarshal(d.Body, owner, sealer)
	if err != nil {
		return nil, err
	}
	m := o.Meta() // nobody else has o yet
	m.Seq, m.Created, m.Updated = d.Seq, time.UnixMicro(d.Created).UTC(), time.UnixMicro(d.Updated).UTC()
	return o, nil
}

// DecodeSnapshot is the inverse of [Snapshot.Encode]. It refuses a document that
// is not whole, that a newer binary wrote in another format or with kinds that
// are unknown here, or whose secrets were sealed with another key. The checksum
// is of the bytes as they were written, which a newer binary can verify too; it
// tells damage, not forgery.
func DecodeSnapshot(data []byte, sealer Sealer) (*Snapshot, error) {
	s, err := decodeSnapshot(data, sealer)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	return s, nil
}

func decodeSnapshot(data []byte, sealer Sealer) (*Snapshot, error) {
	var outer document
	if err := json.Unmarshal(data, &outer); err != nil {
		return nil, err
	}
	if err := checkDocument(outer.Format, outer.Checksum, outer.Snapshot); err != nil {
		return nil, err
	}
	var inner snapshotDocument
	if err := json.Unmarshal(outer.Snapshot, &inner); err != nil {
		return nil, err
	}
	s := &Snapshot{
		Customer: inner.Customer, Service: inner.Service, Version: inner.Version,
		Generation: inner.Generation, Objects: map[string][]Object{},
		ContentRevision: inner.ContentRevision, Contents: inner.Contents,
	}
	for name, documents := range inner.Objects {
		k := kinds[name]
		if k == nil {
			return nil, fmt.Errorf("it holds a %s, which this headwater does not know", name)
		}
		for _, d := range documents {
			o, err := k.object(d, s.Service, sealer)
			if err != nil {
				return nil, err
			}
			s.Objects[name] = append(s.Objects[name], o)
		}
	}
	s.Sort()
	return s, nil
}

// checkDocument refuses what is in another format, or is not as it was written.
func checkDocument(format int, sum string, inner []byte) error {
	if format != documentFormat {
		return fmt.Errorf("format %d is unknown, only %d is known", format, documentFormat)
	}
	if checksum(inner) != sum {
		return errors.New("damaged: the checksum is another")
	}
	return nil
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
