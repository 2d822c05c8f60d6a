package vcl

import "testing"

// vcl_hash can be left out where nobody can tell that it was.
func TestHashes(t *testing.T) {
	tests := []struct {
		name, text string
		want       bool
	}{
		{"no vcl_hash", "", false},
		{"it adds up", "sub vcl_hash { set req.hash += req.url; set req.hash += req.http.host; return(hash); }", false},
		{"in two parts", "sub vcl_hash { set req.hash += req.url; } sub vcl_hash { set req.hash += req.url; }", false},
		{"the hash is read", "sub vcl_hash { set req.hash += req.url; } sub vcl_deliver { log req.digest; }", true},
		{"the hash picks", "director d hash { { .backend = F_a; .weight = 1; } } backend F_a { .host = \"a\"; } sub vcl_hash { set req.hash += req.url; }", true},
		{"anything picks", "director d random { { .backend = F_a; .weight = 1; } } backend F_a { .host = \"a\"; } sub vcl_hash { set req.hash += req.url; }", false},
		{"it does something else", "sub vcl_hash { set req.http.X = req.url; }", true},
		{"its second part does", "sub vcl_hash { set req.hash += req.url; } sub vcl_hash { log req.url; }", true},
		{"it calls something", "sub vcl_hash { set req.hash += std.tolower(req.url); }", true},
		{"it makes a text", "sub vcl_hash { set req.hash += req.url \"x\"; }", true},
		{"it asks", "sub vcl_hash { if (req.http.X) { set req.hash += req.url; } }", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := compileText("main.vcl", tt.text)
			if p == nil {
				t.Fatal(problems.Show())
			}
			if p.Hashes != tt.want {
				t.Errorf("Hashes is %v", p.Hashes)
			}
		})
	}
}
