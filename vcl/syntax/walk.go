package syntax

// Walk calls visit for n and, as long as that returns true, for all that n consists
// of, in the order of the text. The name in return(name) is visited once.
func Walk(n Node, visit func(Node) bool) {
	if n == nil || !visit(n) {
		return
	}
	switch n := n.(type) {
	case Expr:
		walkExpr(n, visit)
	case Decl:
		walkDecl(n, visit)
	case Stmt:
		walkStmt(n, visit)
	case *Unit:
		walkAll(n.Decls, visit)
	case *Case:
		walkMaybe(n.Match, visit)
		walkAll(n.Stmts, visit)
	case *Property:
		walkMaybe(n.Value, visit)
		walkAll(n.Props, visit)
	case *Member:
		walkAll(n.Props, visit)
	case *TableEntry:
		walkMaybe(n.Value, visit)
	case *Param:
		walkName(n.Type, visit)
		walkName(n.Name, visit)
	}
}

func walkAll[N Node](all []N, visit func(Node) bool) {
	for _, n := range all {
		Walk(n, visit)
	}
}

// walkMaybe walks an expression that may be missing.
func walkMaybe(e Expr, visit func(Node) bool) {
	if e != nil {
		Walk(e, visit)
	}
}

func walkName(n *Name, visit func(Node) bool) {
	if n != nil {
		Walk(n, visit)
	}
}

func walkExpr(e Expr, visit func(Node) bool) {
	switch e := e.(type) {
	case *Not:
		Walk(e.X, visit)
	case *Paren:
		Walk(e.X, visit)
	case *Binary:
		Walk(e.X, visit)
		Walk(e.Y, visit)
	case *Concat:
		for _, p := range e.Parts {
			Walk(p.X, visit)
		}
	case *Call:
		walkName(e.Fun, visit)
		walkAll(e.Args, visit)
	}
}

func walkDecl(d Decl, visit func(Node) bool) {
	switch d := d.(type) {
	case *Import:
		walkName(d.Name, visit)
	case *Backend:
		walkName(d.Name, visit)
		walkAll(d.Props, visit)
	case *Director:
		walkName(d.Name, visit)
		walkName(d.Type, visit)
		walkAll(d.Props, visit)
		walkAll(d.Members, visit)
	case *ACL:
		walkName(d.Name, visit)
		walkAll(d.Entries, visit)
	case *Table:
		walkName(d.Name, visit)
		walkName(d.Type, visit)
		walkAll(d.Entries, visit)
	case *Sub:
		walkName(d.Name, visit)
		walkAll(d.Params, visit)
		walkName(d.Result, visit)
		if d.Body != nil {
			Walk(d.Body, visit)
		}
	case *Penaltybox:
		walkName(d.Name, visit)
	case *Ratecounter:
		walkName(d.Name, visit)
	}
}

func walkStmt(s Stmt, visit func(Node) bool) {
	switch s := s.(type) {
	case *Block:
		walkAll(s.Stmts, visit)
	case *Set:
		walkName(s.Target, visit)
		Walk(s.Value, visit)
	case *Add:
		walkName(s.Target, visit)
		Walk(s.Value, visit)
	case *Unset:
		walkName(s.Target, visit)
	case *If:
		Walk(s.Cond, visit)
		Walk(s.Then, visit)
		if s.Else != nil {
			Walk(s.Else, visit)
		}
	case *Switch:
		Walk(s.Value, visit)
		walkAll(s.Cases, visit)
	case *Invoke:
		walkName(s.Sub, visit)
		walkAll(s.Args, visit)
	case *Return:
		walkName(s.State, visit)
		if name, ok := s.Value.(*Name); !ok || name != s.State {
			walkMaybe(s.Value, visit)
		}
	case *Error:
		walkMaybe(s.Status, visit)
		walkMaybe(s.Reason, visit)
	case *Log:
		Walk(s.Value, visit)
	case *Synthetic:
		Walk(s.Value, visit)
	case *Declare:
		walkName(s.Name, visit)
		walkName(s.Type, visit)
	case *Goto:
		walkName(s.Label, visit)
	case *Label:
		walkName(s.Name, visit)
	case *Do:
		Walk(s.Call, visit)
	case *Macro:
		walkAll(s.Body, visit)
	}
}
