package verify

import (
	"bytes"
	"net/url"

	"golang.org/x/net/html"
)

// form is what a browser would send of a page.
type form struct {
	method, action string
	fields         url.Values
}

// readForm reads the first form of a page as a browser would.
func readForm(page []byte) (form, error) {
	f := form{fields: url.Values{}}
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return f, err
	}
	for n := range root.Descendants() {
		if n.Data != "form" {
			continue
		}
		f.method, f.action = attribute(n, "method"), attribute(n, "action")
		for in := range n.Descendants() {
			if name := attribute(in, "name"); in.Data == "input" && name != "" {
				f.fields.Add(name, attribute(in, "value"))
			}
		}
		return f, nil
	}
	return f, nil
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
