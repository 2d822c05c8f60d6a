package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"headwater/internal/durable"
	"headwater/service"
	"headwater/store"
)

// tokenVariable names the environment variable that sets the operator's token.
// It is no flag: other users can read a process's arguments.
const tokenVariable = "HEADWATER_TOKEN"

// setToken makes sure that the operator has a token, and returns its secret, ""
// if only its hash is known here. Said is what the operator should read.
func setToken(ctx context.Context, p *process, db *store.DB, dir string) (secret, said string, err error) {
	path := filepath.Join(dir, "token")
	if secret, set := p.lookup(tokenVariable); set {
		if err := service.CheckSecret(secret); err != nil {
			return "", "", fmt.Errorf("%s: %w", tokenVariable, err)
		}
		if _, err := db.SetOperatorToken(ctx, secret); err != nil {
			return "", "", err
		}
		return secret, "", dropToken(dir, path, secret)
	}
	known, err := db.HasTokens(ctx)
	if err != nil {
		return "", "", err
	}
	if known {
		secret, err = readToken(dir, path)
		return secret, "", err
	}
	// A file that is there holds what was never good (a crash between the two
	// steps below) or was revoked: a new secret takes its place.
	secret = rand.Text() + rand.Text()[:6]
	if err := writeToken(dir, path, secret); err != nil {
		return "", "", err
	}
	if _, err := db.SetOperatorToken(ctx, secret); err != nil {
		return "", "", err
	}
	if dir == "" {
		return secret, "the API token of this run is " + secret, nil
	}
	return secret, "made an API token; it is in " + path, nil
}

// dropToken removes a token file whose secret is no longer good.
func dropToken(dir, path, current string) error {
	old, err := readToken(dir, path)
	if err != nil || old == "" || old == current {
		return err
	}
	return os.Remove(path)
}

func readToken(dir, path string) (string, error) {
	if dir == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(text)), err
}

// writeToken writes the file whole or not at all: a half token would lock the
// operator out.
func writeToken(dir, path, secret string) error {
	if dir == "" {
		return nil
	}
	return durable.Write(path, []byte(secret+"\n"))
}
