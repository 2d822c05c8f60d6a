package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"headwater/dial/dialtest"
)

// An origin is a server that misbehaves as told.
type origin struct {
	name     string
	listener net.Listener
	server   *http.Server
	held     []net.Conn // that fill the queue of one that is deaf
	pem      string     // the certificate of one that speaks TLS

	// What it was told to do.
	status  int
	text    string
	header  string
	delay   time.Duration
	stall   int
	chunked bool
	reset   bool
	raw     string
	gated   bool

	gate    chan struct{} // closed by release
	arrived chan struct{} // gets one for each request

	requests   atomic.Int64
	accepted   atomic.Int64 // connections
	lastHost   atomic.Value // string, of the last request
	lastFields atomic.Value // http.Header
}

// startOrigin reads what an origin is to do from the words of a page:
//
//	-body TEXT     answer with TEXT, the origin's name by default
//	-status N      and status N
//	-header 'A: b' and a field
//	-delay D       not before D has passed
//	-stall N       send N bytes of the body and then nothing, keeping the connection
//	-chunked       frame the body in chunks
//	-reset         reset the connection instead, after the head if -stall is given
//	-raw TEXT      send TEXT instead, in which \r and \n are escaped, and close
//	-gate          wait until released
//	-refuse        accept no connection
//	-deaf          let no handshake complete (Linux)
//	-tls NAME      speak TLS, with a certificate for NAME that it has signed itself
func startOrigin(name string, args []string) (*origin, error) {
	o := &origin{name: name, gate: make(chan struct{}), arrived: make(chan struct{}, 1000)}
	fs := flag.NewFlagSet("origin", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.text, "body", name, "")
	fs.IntVar(&o.status, "status", 200, "")
	fs.StringVar(&o.header, "header", "", "")
	fs.DurationVar(&o.delay, "delay", 0, "")
	fs.IntVar(&o.stall, "stall", -1, "")
	fs.BoolVar(&o.chunked, "chunked", false, "")
	fs.BoolVar(&o.reset, "reset", false, "")
	fs.StringVar(&o.raw, "raw", "", "")
	fs.BoolVar(&o.gated, "gate", false, "")
	refuse := fs.Bool("refuse", false, "")
	deaf := fs.Bool("deaf", false, "")
	secure := fs.String("tls", "", "")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	var err error
	if o.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	o.server = &http.Server{Handler: http.HandlerFunc(o.serve), ErrorLog: log.New(io.Discard, "", 0)}
	o.server.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			o.accepted.Add(1)
		}
	}
	if *secure != "" {
		cert := dialtest.SelfSigned(setup{}, []string{*secure})
		o.pem, _ = dialtest.PEM(setup{}, cert)
		o.listener = tls.NewListener(o.listener, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	switch {
	case *refuse:
		return o, o.listener.Close()
	case *deaf:
		return o, o.stopHearing()
	}
	go o.server.Serve(o.listener)
	return o, nil
}

// setup is the test of what is made for a page, which has none to give.
type setup struct{ testing.TB }

func (setup) Helper()           {}
func (setup) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (o *origin) port() string {
	return strconv.Itoa(o.listener.Addr().(*net.TCPAddr).Port)
}

func (o *origin) close() {
	o.server.Close()
	o.listener.Close()
	for _, c := range o.held {
		c.Close()
	}
}

// unescape reads \r and \n in the words of a page.
func unescape(text string) string {
	return strings.NewReplacer(`\r`, "\r", `\n`, "\n").Replace(text)
}

func (o *origin) serve(w http.ResponseWriter, r *http.Request) {
	o.requests.Add(1)
	o.lastHost.Store(r.Host)
	o.lastFields.Store(r.Header.Clone())
	io.Copy(io.Discard, r.Body)
	select {
	case o.arrived <- struct{}{}:
	default:
	}
	if o.gated {
		<-o.gate
	}
	if o.delay > 0 {
		select {
		case <-time.After(o.delay):
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case o.raw != "":
		o.hijack(w, unescape(o.raw), false)
	case o.reset && o.stall < 0:
		o.hijack(w, "", true)
	default:
		o.answer(w, r)
	}
}

func (o *origin) answer(w http.ResponseWriter, r *http.Request) {
	if name, value, found := strings.Cut(o.header, ": "); found {
		w.Header().Add(name, value)
	}
	if !o.chunked {
		w.Header().Set("Content-Length", strconv.Itoa(len(o.text)))
	}
	w.WriteHeader(o.status)
	if o.stall < 0 {
		if o.chunked {
			w.(http.Flusher).Flush()
		}
		io.WriteString(w, o.text)
		return
	}
	io.WriteString(w, o.text[:o.stall])
	w.(http.Flusher).Flush()
	if o.reset {
		o.hijack(w, "", true)
		return
	}
	<-r.Context().Done() // when the edge gives up
}

// hijack writes text past net/http and ends the connection.
func (o *origin) hijack(w http.ResponseWriter, text string, reset bool) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(fmt.Sprintf("origin %s: %v", o.name, err))
	}
	if reset {
		c.(*net.TCPConn).SetLinger(0)
	}
	io.WriteString(c, text)
	c.Close()
}
