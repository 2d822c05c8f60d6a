package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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

// Encode returns s as one JSON document that describes itself, secrets sealed. It is
// what encoding/json makes of a document, in one pass.
func (s *Snapshot) Encode(sealer Sealer) ([]byte, error) {
	text := fmt.Appendf(nil, `{"format":%d,"checksum":"`, documentFormat)
	sum := len(text)
	text = append(text, checksum(nil)...)
	text = append(text, `","snapshot":`...)
	inner := len(text)
	text, err := s.appendDocument(text, sealer)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	copy(text[sum:], checksum(text[inner:]))
	return append(text, '}'), nil
}

// appendDocument appends the snapshotDocument of s.
func (s *Snapshot) appendDocument(dst []byte, sealer Sealer) (_ []byte, err error) {
	dst = appendText(append(dst, `{"customer":`...), s.Customer)
	dst = appendText(append(dst, `,"service":`...), s.Service)
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(s.Version), 10)
	dst = strconv.AppendInt(append(dst, `,"generation":`...), s.Generation, 10)
	dst = appendText(append(dst, `,"identity":`...), s.Identity())
	dst = append(dst, `,"objects":{`...)
	begin := len(dst)
	for _, k := range sortedKinds() {
		if len(s.Objects[k.Name]) == 0 {
			continue
		}
		if len(dst) > begin {
			dst = append(dst, ',')
		}
		dst = appendKey(dst, k.Name)
		if dst, err = k.appendDocuments(dst, s.Objects[k.Name], s.Service, sealer); err != nil {
			return nil, err
		}
	}
	dst = append(dst, '}')
	if s.ContentRevision != 0 {
		dst = strconv.AppendInt(append(dst, `,"content_revision":`...), s.ContentRevision, 10)
	}
	if len(s.Contents) > 0 {
		contents, _ := json.Marshal(s.Contents) // texts always marshal
		dst = append(append(dst, `,"contents":`...), contents...)
	}
	return append(dst, '}'), nil
}

// appendDocuments appends the objectDocuments of objects of the kind.
func (k *Kind) appendDocuments(dst []byte, all []Object, owner string, sealer Sealer) (_ []byte, err error) {
	separator := byte('[')
	for _, o := range all {
		dst = append(dst, separator)
		separator = ','
		m := o.Meta()
		dst = strconv.AppendInt(append(dst, `{"seq":`...), m.Seq, 10)
		dst = strconv.AppendInt(append(dst, `,"created_at":`...), m.Created.UnixMicro(), 10)
		dst = strconv.AppendInt(append(dst, `,"updated_at":`...), m.Updated.UnixMicro(), 10)
		if dst, err = k.appendStored(append(dst, `,"body":`...), o, owner, sealer); err != nil {
			return nil, err
		}
		dst = append(dst, '}')
	}
	return append(dst, ']'), nil
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
