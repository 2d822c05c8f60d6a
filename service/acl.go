package service

// An ACL is a list of networks. Its entries lie beside all versions, and a change
// of them takes effect at once.
type ACL struct{ Base }

// An ACLEntry is a network, or the exception of one.
type ACLEntry struct {
	Base
	IP      string
	Subnet  *int64 // bits of the prefix; null is the one address
	Negated int64  // 0 or 1
	Comment string
}

// ACLEntryKind is the row of ACL entries in the engine.
var ACLEntryKind = newKind(spec[ACLEntry]{
	Name:           "acl_entry",
	Model:          "ACLEntry",
	Wire:           Strings,
	Holder:         "acl_id",
	ByID:           true,
	Times:          NoDeletedAt,
	NumbersWritten: true,
	Fields: []Field[ACLEntry]{
		{Name: "id", At: func(e *ACLEntry) any { return &e.ID }, Access: Never},
		{Name: "ip", At: func(e *ACLEntry) any { return &e.IP }, Required: true, Check: checkIP},
		{Name: "subnet", At: func(e *ACLEntry) any { return &e.Subnet }, Number: true, Max: 128},
		{Name: "negated", At: func(e *ACLEntry) any { return &e.Negated }, Flag: true},
		{Name: "comment", At: func(e *ACLEntry) any { return &e.Comment }, Lines: true},
	},
	Settle: func(e *ACLEntry, _ Input, _ bool) error {
		if e.Subnet != nil && *e.Subnet > 32 && addressKind(e.IP) == isIPv4 {
			return Errorf(Invalid, "'subnet' must be a whole number from 0 to 32")
		}
		return nil
	},
})

// ACLKind is the ACL's row in the engine.
var ACLKind = register(spec[ACL]{
	Name:  "acl",
	Model: "ACL",
	Wire:  Strings,
	Fields: []Field[ACL]{
		{Name: "id", At: func(a *ACL) any { return &a.ID }, Access: Never},
		{Name: "name", At: func(a *ACL) any { return &a.Name }, MaxLen: maxName},
	},
	Settle: func(a *ACL, _ Input, _ bool) error { return checkTableName(a.Name) },
	Holds:  ACLEntryKind,
})

func checkIP(address string) error {
	if addressKind(address) != isIPv4 && !validIPv6(address) {
		return Errorf(Invalid, "'%s' is not an IP address", address)
	}
	return nil
}
