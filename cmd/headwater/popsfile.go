package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"headwater/edge"
)

// maxPOPsFile bounds what is read of a file of POPs, in bytes.
const maxPOPsFile = 4 << 20

// readPOPs reads a file of POPs, which docs/pops.md describes.
func readPOPs(path string) ([]edge.POP, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("file of POPs: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPOPsFile+1))
	if err != nil {
		return nil, fmt.Errorf("file of POPs: %w", err)
	}
	if len(text) > maxPOPsFile {
		return nil, fmt.Errorf("%s has more than %d bytes", path, maxPOPsFile)
	}
	all, err := parsePOPs(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

func parsePOPs(text []byte) ([]edge.POP, error) {
	var rows []struct {
		Code      string   `json:"code"`
		Name      string   `json:"name"` // for whoever reads the file
		Shield    string   `json:"shield"`
		Addresses []string `json:"addresses"`
		Key       string   `json:"key"`
		TLS       *struct {
			Addresses []string `json:"addresses"`
			Name      string   `json:"name"`
			CA        string   `json:"ca"`
		} `json:"tls"`
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&rows); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the list of POPs")
	}
	var all []edge.POP
	for _, r := range rows {
		key, err := base64.StdEncoding.DecodeString(r.Key)
		if err != nil {
			return nil, fmt.Errorf("POP %q: its key is not base64", r.Code)
		}
		p := edge.POP{Code: r.Code, Shield: r.Shield, Nodes: r.Addresses, Key: key}
		if t := r.TLS; t != nil {
			p.TLS = &edge.SecurePOP{Nodes: t.Addresses, Name: t.Name, CA: t.CA}
		}
		all = append(all, p)
	}
	return all, nil
}
