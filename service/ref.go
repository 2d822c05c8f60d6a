package service

// A Ref names one version of a service.
type Ref struct {
	Service string
	Version int
}
