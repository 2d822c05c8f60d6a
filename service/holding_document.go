package service

import (
	"encoding/json"
	"fmt"
)

// A sealedHolding is a holding outside of the program: a line of a file, or a
// message.
type sealedHolding struct {
	Format   int             `json:"format"`
	Checksum string          `json:"checksum"` // SHA-256 of Holding's bytes
	Holding  json.RawMessage `json:"holding"`
}

type holdingDocument struct {
	Service  string           `json:"service"`
	Holder   string           `json:"holder"`
	Kind     string           `json:"kind"` // of the holder
	Revision int64            `json:"revision"`
	Since    int64            `json:"since,omitempty"`
	Items    []objectDocument `json:"items"`
	Gone     []string         `json:"gone,omitempty"`
}

// Encode returns h as one JSON document that describes itself, secrets sealed,
// without a line feed in it.
func (h *Holding) Encode(sealer Sealer) ([]byte, error) {
	inner := holdingDocument{
		Service: h.Service, Holder: h.ID, Kind: h.Kind.Name, Revision: h.Revision, Since: h.Since,
		Items: make([]objectDocument, len(h.Items)), Gone: h.Gone,
	}
	for i, o := range h.Items {
		var err error
		if inner.Items[i], err = h.Kind.Holds.document(o, h.Service, sealer); err != nil {
			return nil, fmt.Errorf("encode holding: %w", err)
		}
	}
	raw, err := json.Marshal(inner)
	if err != nil {
		return nil, fmt.Errorf("encode holding: %w", err)
	}
	return json.Marshal(sealedHolding{Format: documentFormat, Checksum: checksum(raw), Holding: raw})
}

// DecodeHolding is the inverse of [Holding.Encode]. It refuses what
// [DecodeSnapshot] would.
func DecodeHolding(data []byte, sealer Sealer) (*Holding, error) {
	h, err := decodeHolding(data, sealer)
	if err != nil {
		return nil, fmt.Errorf("decode holding: %w", err)
	}
	return h, nil
}

func decodeHolding(data []byte, sealer Sealer) (*Holding, error) {
	var outer sealedHolding
	if err := json.Unmarshal(data, &outer); err != nil {
		return nil, err
	}
	if err := checkDocument(outer.Format, outer.Checksum, outer.Holding); err != nil {
		return nil, err
	}
	var inner holdingDocument
	if err := json.Unmarshal(outer.Holding, &inner); err != nil {
		return nil, err
	}
	k := kinds[inner.Kind]
	if k == nil || k.Holds == nil {
		return nil, fmt.Errorf("it is of a %q, of which this headwater knows no items", inner.Kind)
	}
	h := &Holding{
		HolderRef: HolderRef{Service: inner.Service, ID: inner.Holder}, Kind: k,
		Revision: inner.Revision, Since: inner.Since, Gone: inner.Gone,
		Items: make([]Object, len(inner.Items)),
	}
	for i, d := range inner.Items {
		var err error
		if h.Items[i], err = k.Holds.object(d, h.Service, sealer); err != nil {
			return nil, err
		}
	}
	return h, nil
}
