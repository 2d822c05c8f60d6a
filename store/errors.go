package store

import "headwater/service"

// The words of these are the contract's: clients compare some of them.

func errHidden() error { return service.Errorf(service.Hidden, "Not found") }

func errNoVersion(at service.Ref) error {
	return service.Errorf(service.Missing,
		"Couldn't find Version '{ deleted => 0000-00-00 00:00:00, number => %d, service => %s }'", at.Version, at.Service)
}

func errDuplicate(what, name string) error {
	return service.Errorf(service.Conflict, "Duplicate %s: '%s'", what, name)
}

func errLocked(at service.Ref) error {
	return service.Errorf(service.Locked, "Version '%d' for service '%s' is locked", at.Version, at.Service)
}
