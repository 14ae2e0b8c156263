package idptest

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

func (p *Page) byID(id string) *html.Node {
	return p.find(func(n *html.Node) bool { return attr(n, "id") == id })
}

func (p *Page) find(match func(*html.Node) bool) *html.Node { return first(p.root, match) }

func (p *Page) all(match func(*html.Node) bool) []*html.Node { return every(p.root, match) }

func every(root *html.Node, match func(*html.Node) bool) []*html.Node {
	if root == nil {
		return nil
	}
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			out = append(out, n)
		}
	}
	return out
}

func first(root *html.Node, match func(*html.Node) bool) *html.Node {
	if found := every(root, match); len(found) > 0 {
		return found[0]
	}
	return nil
}

func control(n *html.Node) bool {
	switch n.DataAtom {
	case atom.Input, atom.Button, atom.Select, atom.Textarea:
		return true
	}
	return false
}

func attr(n *html.Node, name string) string {
	if n != nil {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func rawText(n *html.Node) string {
	var b strings.Builder
	if n != nil {
		for c := range n.Descendants() {
			if c.Type == html.TextNode && c.Parent.DataAtom != atom.Script && c.Parent.DataAtom != atom.Style {
				b.WriteString(c.Data + " ")
			}
		}
	}
	return b.String()
}

// typed is the content of a textarea, as it stands.
func typed(n *html.Node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

func textOf(n *html.Node) string {
	text := strings.Join(strings.Fields(rawText(n)), " ")
	return strings.NewReplacer(" .", ".", " ,", ",", " ?", "?", " …", "…", " :", ":").Replace(text)
}

// selected is the value of a select: the chosen option, or the first.
func selected(n *html.Node) string {
	options := every(n, func(c *html.Node) bool { return c.DataAtom == atom.Option })
	for _, o := range options {
		if has(o, "selected") {
			return optionValue(o)
		}
	}
	if len(options) > 0 {
		return optionValue(options[0])
	}
	return ""
}

func optionValue(n *html.Node) string {
	if has(n, "value") {
		return attr(n, "value")
	}
	return textOf(n)
}
