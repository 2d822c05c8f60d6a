package api

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"headwater/service"
)

// Sizes of a page, unless the client names one and at most.
const (
	usualPage = 20
	maxPage   = 1000
)

// pageParams are what a client may say about a page, in the order in which links
// repeat them.
var pageParams = []string{"direction", "page", "per_page", "sort"}

// page reads which part of a list the client wants.
func (c *call) page(sort string) (service.Page, error) {
	query := c.r.URL.Query()
	p := service.Page{Sort: sort}
	var err error
	if p.Number, err = pageNumber(query, "page", 1); err != nil {
		return p, err
	}
	if p.Size, err = pageNumber(query, "per_page", usualPage); err != nil {
		return p, err
	}
	p.Size = min(p.Size, maxPage)
	if given := query.Get("sort"); given != "" {
		p.Sort = given
	}
	switch query.Get("direction") {
	case "", "ascend":
	case "descend":
		p.Descending = true
	default:
		return p, service.Errorf(service.Invalid, "'direction' must be one of ascend, descend")
	}
	return p, nil
}

func pageNumber(query url.Values, name string, usual int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, service.Errorf(service.Invalid, "'%s' must be a whole number from 1", name)
	}
	return int(n), nil
}

// link tells where the other pages are. A list on one page has no such header;
// on the first of several it names the last, without which Fastly's Go client
// would read no further.
func (c *call) link(p service.Page, total int) {
	last := p.Pages(total)
	if last == 1 {
		return
	}
	var links []string
	to := func(rel string, number int) {
		links = append(links, "<"+c.pageURL(number)+`>; rel="`+rel+`"`)
	}
	if p.Number < last {
		to("last", last)
		to("next", p.Number+1)
	}
	if p.Number > 1 {
		to("prev", min(p.Number-1, last))
		to("first", 1)
	}
	c.w.Header().Set("Link", strings.Join(links, ", "))
}

// pageURL is the call's own address with another page number.
func (c *call) pageURL(number int) string {
	given, params := c.r.URL.Query(), url.Values{}
	for _, name := range pageParams {
		if value := given.Get(name); value != "" {
			params.Set(name, value)
		}
	}
	params.Set("page", strconv.Itoa(number))
	u := url.URL{Scheme: scheme(c.r), Host: c.r.Host, Path: c.r.URL.Path, RawPath: c.r.URL.RawPath, RawQuery: params.Encode()}
	return u.String()
}

// scheme is how the client reached us, as far as what stands in front says so.
func scheme(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https"
	}
	return "http"
}
