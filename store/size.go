package store

import (
	"database/sql"
	"errors"

	"headwater/service"
)

// resize counts bytes that a version gains or loses, and refuses to let it gain
// too many: it is read as a whole, into memory.
func (t *tx) resize(at service.Ref, by int64) error {
	most := int64(t.limits.versionSize)
	n, err := t.exec(`UPDATE version SET size = size + $1
		WHERE service_id = $2 AND number = $3 AND ($1 <= 0 OR size + $1 <= $4)`,
		by, at.Service, at.Version, most)
	if err == nil && n == 0 {
		return service.Errorf(service.Invalid, "Exceeding max size of a version: %d bytes", most)
	}
	return err
}

// size returns how many bytes an object counts for, and whether there is one.
func (t *tx) size(at service.Ref, k *service.Kind, key string) (bytes int64, there bool, err error) {
	err = t.row(`SELECT OCTET_LENGTH(body) FROM object WHERE `+oneObject,
		at.Service, at.Version, k.Name, key).Scan(&bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return bytes, err == nil, err
}

// remove deletes an object, and reports whether there was one.
func (t *tx) remove(at service.Ref, k *service.Kind, key string) (there bool, err error) {
	size, there, err := t.size(at, k, key)
	if err != nil || !there {
		return false, err
	}
	_, err = t.exec(`DELETE FROM object WHERE `+oneObject,
		at.Service, at.Version, k.Name, key)
	if err != nil {
		return false, err
	}
	return true, t.resize(at, -size)
}
