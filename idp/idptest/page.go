package idptest

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Page is what a browser shows at the end of a navigation.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string

	b    *Browser
	root *html.Node
}

func newPage(b *Browser, u *url.URL, resp *http.Response, body []byte) *Page {
	p := &Page{URL: u, Status: resp.StatusCode, Header: resp.Header, Body: string(body), b: b}
	root, err := html.ParseWithOptions(bytes.NewReader(body), html.ParseOptionEnableScripting(false))
	if err != nil {
		b.t.Fatalf("%s: %v", u, err)
	}
	p.root = root
	return p
}

// Text is what a person reads: the text of the body, spaces and lines folded.
func (p *Page) Text() string {
	return textOf(p.find(func(n *html.Node) bool { return n.DataAtom == atom.Body }))
}

// Title of the page.
func (p *Page) Title() string {
	return textOf(p.find(func(n *html.Node) bool { return n.DataAtom == atom.Title }))
}

// Has reports whether an element with this id is on the page.
func (p *Page) Has(id string) bool { return p.byID(id) != nil }

// TextOf is the text of the element with this id.
func (p *Page) TextOf(id string) string { return textOf(p.byID(id)) }

// Attr is an attribute of the element with this id, "" if there is none.
func (p *Page) Attr(id, name string) string { return attr(p.byID(id), name) }

// Click follows the link with this id, text or href.
func (p *Page) Click(link string) *Page {
	p.b.t.Helper()
	a := p.find(func(n *html.Node) bool {
		return n.DataAtom == atom.A && (attr(n, "id") == link || attr(n, "href") == link || textOf(n) == link)
	})
	if a == nil {
		p.fatalf("there is no link %q", link)
	}
	u, err := p.URL.Parse(attr(a, "href"))
	if err != nil {
		p.fatalf("link %q: %v", link, err)
	}
	return p.b.visit(request{method: http.MethodGet, url: u, from: p.URL})
}

// Frames loads the frames of the page as a browser does: with its policy, and without the
// cookies that are held back in frames of other sites.
func (p *Page) Frames() []*Page {
	p.b.t.Helper()
	var out []*Page
	for _, n := range p.all(func(n *html.Node) bool { return n.DataAtom == atom.Iframe }) {
		u, err := p.URL.Parse(attr(n, "src"))
		if err != nil {
			p.fatalf("frame %q: %v", attr(n, "src"), err)
		}
		if !p.mayFrame(u) {
			p.fatalf("the policy does not let the page load %s: %s", u, p.Header.Get("Content-Security-Policy"))
		}
		out = append(out, p.b.visit(request{method: http.MethodGet, url: u, from: p.URL, frame: true}))
	}
	return out
}

// mayFrame applies frame-src, or what stands in for it (CSP 3 §6.1).
func (p *Page) mayFrame(u *url.URL) bool {
	allowed := "'none'"
	for directive := range strings.SplitSeq(p.Header.Get("Content-Security-Policy"), ";") {
		if sources, ok := strings.CutPrefix(strings.TrimSpace(directive), "frame-src "); ok {
			allowed = sources
		}
	}
	for source := range strings.FieldsSeq(allowed) {
		if source == u.Scheme+"://"+u.Host || source == "'self'" && site(p.URL, u) == 1 {
			return true
		}
	}
	return false
}

// Refresh goes where the page goes by itself (the Refresh header).
func (p *Page) Refresh() *Page {
	p.b.t.Helper()
	_, to, found := strings.Cut(p.Header.Get("Refresh"), "url=")
	u, err := p.URL.Parse(to)
	if !found || err != nil {
		p.fatalf("the page stays: Refresh %q", p.Header.Get("Refresh"))
	}
	return p.b.visit(request{method: http.MethodGet, url: u, from: p.URL})
}

// Reload asks for the page again by GET.
func (p *Page) Reload() *Page { return p.b.visit(request{method: http.MethodGet, url: p.URL}) }

// Form returns the i-th form of the page, from 0.
func (p *Page) Form(i int) *Form {
	p.b.t.Helper()
	forms := p.all(func(n *html.Node) bool { return n.DataAtom == atom.Form })
	if i >= len(forms) {
		p.fatalf("there is no form %d", i)
	}
	return newForm(p, forms[i])
}

// FormWith returns the first form that has a field or button of this name.
func (p *Page) FormWith(field string) *Form {
	p.b.t.Helper()
	for _, n := range p.all(func(n *html.Node) bool { return n.DataAtom == atom.Form }) {
		if first(n, func(c *html.Node) bool { return control(c) && attr(c, "name") == field }) != nil {
			return newForm(p, n)
		}
	}
	p.fatalf("there is no form with a field %q", field)
	return nil
}

// Form is a form being filled in.
type Form struct {
	Action *url.URL
	Method string

	p       *Page
	node    *html.Node
	fields  []field
	buttons []*html.Node
}

type field struct{ name, value string }

func newForm(p *Page, n *html.Node) *Form {
	action, err := p.URL.Parse(attr(n, "action"))
	if err != nil {
		p.fatalf("action of a form: %v", err)
	}
	f := &Form{Action: action, Method: strings.ToUpper(attr(n, "method")), p: p, node: n}
	for _, c := range every(n, control) {
		switch kind := attr(c, "type"); {
		case c.DataAtom == atom.Button && kind != "button" && kind != "reset", kind == "submit":
			f.buttons = append(f.buttons, c)
		case c.DataAtom == atom.Button, attr(c, "name") == "", has(c, "disabled"):
		case (kind == "checkbox" || kind == "radio") && !has(c, "checked"):
		case c.DataAtom == atom.Textarea:
			f.fields = append(f.fields, field{attr(c, "name"), typed(c)})
		case c.DataAtom == atom.Select:
			f.fields = append(f.fields, field{attr(c, "name"), selected(c)})
		default:
			f.fields = append(f.fields, field{attr(c, "name"), attr(c, "value")})
		}
	}
	return f
}

// Set types a value into a field, which must be there.
func (f *Form) Set(name, value string) *Form {
	f.p.b.t.Helper()
	for i := range f.fields {
		if f.fields[i].name == name {
			f.fields[i].value = value
			return f
		}
	}
	f.p.fatalf("the form has no field %q", name)
	return nil
}

// Tick sets a check box.
func (f *Form) Tick(name string) *Form {
	f.p.b.t.Helper()
	box := first(f.node, func(n *html.Node) bool { return attr(n, "type") == "checkbox" && attr(n, "name") == name })
	if box == nil {
		f.p.fatalf("the form has no check box %q", name)
	}
	f.fields = append(f.fields, field{name, attr(box, "value")})
	return f
}

// Value of a field, "" if there is none.
func (f *Form) Value(name string) string {
	for _, field := range f.fields {
		if field.name == name {
			return field.value
		}
	}
	return ""
}

// Submit presses a button, chosen by id, name, "name=value" or text; "" is what the
// Enter key does: the first button.
func (f *Form) Submit(button string) *Page {
	f.p.b.t.Helper()
	values := url.Values{}
	for _, field := range f.fields {
		values.Add(field.name, field.value)
	}
	if n := f.button(button); n != nil && attr(n, "name") != "" {
		values.Add(attr(n, "name"), attr(n, "value"))
	}
	if f.Method != http.MethodPost {
		u := *f.Action
		u.RawQuery = values.Encode()
		return f.p.b.visit(request{method: http.MethodGet, url: &u, from: f.p.URL})
	}
	return f.p.b.visit(request{method: http.MethodPost, url: f.Action, body: values, from: f.p.URL})
}

// DropButtons makes Submit send the fields alone.
func (f *Form) DropButtons() *Form { f.buttons = nil; return f }

func (f *Form) button(name string) *html.Node {
	f.p.b.t.Helper()
	for _, n := range f.buttons {
		id, own := attr(n, "id"), attr(n, "name")
		if name == "" || slices.Contains([]string{id, own, own + "=" + attr(n, "value"), textOf(n)}, name) {
			return n
		}
	}
	if name != "" {
		f.p.fatalf("the form has no button %q", name)
	}
	return nil
}

func (p *Page) fatalf(format string, args ...any) {
	p.b.t.Helper()
	p.b.t.Logf("page %s, status %d: %s", p.URL, p.Status, p.Text())
	p.b.t.Fatalf(format, args...)
}
