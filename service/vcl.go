package service

// A VCL is a program in Fastly's language. The main one takes the place of the
// generated program; others are included by name.
type VCL struct {
	Base
	Main    bool
	Content string
}

// VCLKind is the VCL's row in the engine.
var VCLKind = register(spec[VCL]{
	Name:  "vcl",
	Model: "VCL",
	Wire:  Numbers,
	Fields: []Field[VCL]{
		{Name: "name", At: func(v *VCL) any { return &v.Name }, Required: true, MaxLen: maxName, Check: checkName},
		{Name: "main", At: func(v *VCL) any { return &v.Main }, Sole: true},
		{Name: "content", At: func(v *VCL) any { return &v.Content }, Required: true, MaxLen: maxProgram, Lines: true},
	},
})

// BoilerplateVCL is a program to begin with: each subroutine, with the place
// where snippets and generated statements go.
const BoilerplateVCL = `sub vcl_recv {
  #FASTLY recv

  if (req.method != "HEAD" && req.method != "GET" && req.method != "FASTLYPURGE") {
    return(pass);
  }

  return(lookup);
}

sub vcl_hash {
  set req.hash += req.url;
  set req.hash += req.http.host;
  #FASTLY hash
  return(hash);
}

sub vcl_hit {
  #FASTLY hit
  return(deliver);
}

sub vcl_miss {
  #FASTLY miss
  return(fetch);
}

sub vcl_pass {
  #FASTLY pass
  return(pass);
}

sub vcl_fetch {
  #FASTLY fetch
  return(deliver);
}

sub vcl_error {
  #FASTLY error
  return(deliver);
}

sub vcl_deliver {
  #FASTLY deliver
  return(deliver);
}

sub vcl_log {
  #FASTLY log
}
`
