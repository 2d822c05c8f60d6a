package syntax

import "time"

// A Node is a part of a tree.
type Node interface {
	// Place is where the node begins.
	Place() Pos
}

// at is what all nodes have.
type at struct {
	Pos Pos
}

// Place is where the node begins.
func (a *at) Place() Pos { return a.Pos }

// An Expr is an expression.
type Expr interface {
	Node
	expr()
}

// A Name is a variable, or a name that only its context gives a meaning: of a
// backend, a table, an ACL, a subroutine, a state, a type. A header with a
// subfield is one Name with a colon: req.http.Cookie:theme.
type Name struct {
	at
	Text string
}

// A String is a literal string. Value is what it says, escapes decoded.
type String struct {
	at
	Value string
	Long  bool // written {"..."}, in which nothing is an escape
}

// An Integer is a literal whole number.
type Integer struct {
	at
	Value int64
}

// A Float is a literal number with a fraction or an exponent. Text is how it was
// written, or empty.
type Float struct {
	at
	Value float64
	Text  string
}

// An RTime is a literal span of time, such as 1.5m. Text is how it was written,
// or empty.
type RTime struct {
	at
	Value time.Duration
	Text  string
}

// A Bool is true or false.
type Bool struct {
	at
	Value bool
}

// A Percent is a literal share, such as 50%, as properties of directors have.
type Percent struct {
	at
	Value int64
}

// A Not is !X.
type Not struct {
	at
	X Expr
}

// An Op is an operator between two expressions or in an assignment.
type Op string

// The operators of expressions, and of assignments.
const (
	And          Op = "&&"
	Or           Op = "||"
	Equal        Op = "=="
	NotEqual     Op = "!="
	Match        Op = "~"
	NotMatch     Op = "!~"
	Less         Op = "<"
	Greater      Op = ">"
	LessEqual    Op = "<="
	GreaterEqual Op = ">="

	Assign    Op = "="
	AssignAdd Op = "+="
	AssignSub Op = "-="
	AssignMul Op = "*="
	AssignDiv Op = "/="
	AssignMod Op = "%="
	AssignOr  Op = "|="
	AssignAnd Op = "&="
	AssignXor Op = "^="
	AssignShl Op = "<<="
	AssignShr Op = ">>="
	AssignRol Op = "rol="
	AssignRor Op = "ror="
	AssignAll Op = "&&="
	AssignAny Op = "||="
)

// A Binary is X Op Y. Comparisons do not chain; && binds closer than ||.
type Binary struct {
	at
	Op   Op
	X, Y Expr
}

// A Concat is two or more parts one after the other.
type Concat struct {
	at
	Parts []Part
}

// A Part is one part of a Concat. Sign is what stood before it: '+', '-' or 0 for
// nothing. A '-' has a meaning only between a TIME and an RTIME.
type Part struct {
	Sign byte
	X    Expr
}

// A Call is Fun(Args), if(cond, yes, no) too.
type Call struct {
	at
	Fun  *Name
	Args []Expr
}

// A Paren is (X). It is kept, since it is allowed in fewer places than X.
type Paren struct {
	at
	X Expr
}

func (*Name) expr()    {}
func (*String) expr()  {}
func (*Integer) expr() {}
func (*Float) expr()   {}
func (*RTime) expr()   {}
func (*Bool) expr()    {}
func (*Percent) expr() {}
func (*Not) expr()     {}
func (*Binary) expr()  {}
func (*Concat) expr()  {}
func (*Call) expr()    {}
func (*Paren) expr()   {}

// A Stmt is a statement.
type Stmt interface {
	Node
	stmt()
}

// remarks are the comments of a declaration, a statement or an entry: those before
// it, those within it, and one behind it on its last line. Each has its opening
// characters. The printer writes all of them before it.
type remarks struct {
	Comments []string
}

func (r *remarks) note(comments []string) { r.Comments = append(r.Comments, comments...) }

// Remark puts comments before those that there are.
func (r *remarks) Remark(comments ...string) {
	r.Comments = append(comments[:len(comments):len(comments)], r.Comments...)
}

// remarked is what can have comments.
type remarked interface {
	note(comments []string)
}

// A Block is { Stmts }. Comments of the block are those before its end.
type Block struct {
	at
	remarks
	Stmts []Stmt
}

// A Set is set Target Op Value.
type Set struct {
	at
	remarks
	Target *Name
	Op     Op
	Value  Expr
}

// An Add is add Target = Value: one more field of that name.
type Add struct {
	at
	remarks
	Target *Name
	Value  Expr
}

// An Unset is unset Target; remove says the same. The name may end in * .
type Unset struct {
	at
	remarks
	Target *Name
}

// An If is if (Cond) Then else Else. Else is an *If, a *Block or nil.
type If struct {
	at
	remarks
	Cond Expr
	Then *Block
	Else Stmt
}

// A Switch is switch (Value) { Cases }.
type Switch struct {
	at
	remarks
	Value Expr
	Cases []*Case
}

// A Case is one case of a Switch: case Match, case ~ Match, or default where
// Match is nil. It ends in a *Break or a *Fallthrough, which is part of Stmts.
type Case struct {
	at
	remarks
	Match Expr
	Regex bool
	Stmts []Stmt
}

// An Invoke is call Sub.
type Invoke struct {
	at
	remarks
	Sub  *Name
	Args []Expr
}

// A Return is return(State) in a subroutine without a result, else return Value.
// Both are nil in a bare one. A parenthesised name is in State, and Value too: the
// subroutine decides which.
type Return struct {
	at
	remarks
	State *Name
	Value Expr
}

// An Error is error Status Reason. Both are optional.
type Error struct {
	at
	remarks
	Status, Reason Expr
}

// A Restart is restart.
type Restart struct {
	at
	remarks
}

// An ESI is esi.
type ESI struct {
	at
	remarks
}

// A Log is log Value.
type Log struct {
	at
	remarks
	Value Expr
}

// A Synthetic is synthetic Value, or synthetic.base64 Value.
type Synthetic struct {
	at
	remarks
	Value  Expr
	Base64 bool
}

// A Declare is declare local Name Type. The name begins with var. . A value that a
// declaration gives is in a Set behind it.
type Declare struct {
	at
	remarks
	Name  *Name
	Type  *Name
	Block bool // declare block: only the block around it has the variable
}

// A Goto is goto Label, which is further down.
type Goto struct {
	at
	remarks
	Label *Name
}

// A Label is what a Goto goes to: a name and a colon.
type Label struct {
	at
	remarks
	Name *Name
}

// A Break ends a Case.
type Break struct {
	at
	remarks
}

// A Fallthrough goes on with the next Case.
type Fallthrough struct {
	at
	remarks
}

// A Do is a call of a function for what it does.
type Do struct {
	at
	remarks
	Call *Call
}

// A Macro is the place of generated statements: #FASTLY recv. Once Body is filled
// it runs as if it stood here.
type Macro struct {
	at
	remarks
	Sub  string // recv, not vcl_recv; as written, but lower case
	Body []Stmt
}

// An Include takes in a file or a snippet: include "snippet::name". It is a
// declaration at the top of a file and a statement in a subroutine.
type Include struct {
	at
	remarks
	Name string
}

func (*Block) stmt()       {}
func (*Set) stmt()         {}
func (*Add) stmt()         {}
func (*Unset) stmt()       {}
func (*If) stmt()          {}
func (*Switch) stmt()      {}
func (*Invoke) stmt()      {}
func (*Return) stmt()      {}
func (*Error) stmt()       {}
func (*Restart) stmt()     {}
func (*ESI) stmt()         {}
func (*Log) stmt()         {}
func (*Synthetic) stmt()   {}
func (*Declare) stmt()     {}
func (*Goto) stmt()        {}
func (*Label) stmt()       {}
func (*Break) stmt()       {}
func (*Fallthrough) stmt() {}
func (*Do) stmt()          {}
func (*Macro) stmt()       {}
func (*Include) stmt()     {}
func (*Import) stmt()      {}

// A Decl is a declaration.
type Decl interface {
	Node
	decl()
}

// A Unit is what one file declares, or a whole program.
type Unit struct {
	Decls []Decl

	// Comments are those behind the last declaration.
	Comments []string

	// Warnings tell what is allowed but hardly meant, such as a macro that is
	// only a comment.
	Warnings Problems
}

// Place is where the first declaration begins.
func (u *Unit) Place() Pos {
	if len(u.Decls) == 0 {
		return Pos{}
	}
	return u.Decls[0].Place()
}

// A Pragma is pragma Text. It has no meaning here.
type Pragma struct {
	at
	remarks
	Text string
}

// An Import is import Name, a declaration or a statement. It has no meaning here.
type Import struct {
	at
	remarks
	Name *Name
}

// A Property is .Name = Value, or .Name = { Props } for a probe.
type Property struct {
	at
	remarks
	Name  string // without the dot
	Value Expr   // nil if it has Props; strings one after the other are a Concat
	Props []*Property
}

// A Backend is backend Name { Props }.
type Backend struct {
	at
	remarks
	Name  *Name
	Props []*Property
}

// A Director is director Name Type { Props, Members }.
type Director struct {
	at
	remarks
	Name    *Name
	Type    *Name
	Props   []*Property
	Members []*Member
}

// A Member is one { .backend = x; .weight = 1; } of a Director.
type Member struct {
	at
	remarks
	Props []*Property
}

// An ACL is acl Name { Entries }.
type ACL struct {
	at
	remarks
	Name    *Name
	Entries []*ACLEntry
}

// An ACLEntry is one address or network of an ACL. Bits is the length of the
// prefix, -1 if none was written.
type ACLEntry struct {
	at
	remarks
	Negated bool
	Address string
	Bits    int
}

// A Table is table Name Type { Entries }. Without a type it is one of strings.
type Table struct {
	at
	remarks
	Name    *Name
	Type    *Name
	Entries []*TableEntry
}

// A TableEntry is one "Key": Value of a Table.
type TableEntry struct {
	at
	remarks
	Key   string
	Value Expr
}

// A Sub is sub Name(Params) Result { Body }. Result is nil if it returns a state.
type Sub struct {
	at
	remarks
	Name   *Name
	Params []*Param
	Result *Name
	Body   *Block
}

// A Param is one parameter of a Sub.
type Param struct {
	at
	Type *Name
	Name *Name
}

// A Penaltybox is penaltybox Name { }.
type Penaltybox struct {
	at
	remarks
	Name *Name
}

// A Ratecounter is ratecounter Name { }.
type Ratecounter struct {
	at
	remarks
	Name *Name
}

func (*Pragma) decl()      {}
func (*Import) decl()      {}
func (*Include) decl()     {}
func (*Backend) decl()     {}
func (*Director) decl()    {}
func (*ACL) decl()         {}
func (*Table) decl()       {}
func (*Sub) decl()         {}
func (*Penaltybox) decl()  {}
func (*Ratecounter) decl() {}
