package presets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// flaw is what is wrong with a preset, and where: a path such as asks[0].pattern.
type flaw struct{ path, text string }

// check holds a preset against what its schema cannot say.
func (p *Preset) check() (out []flaw) {
	bad := func(path, format string, args ...any) {
		out = append(out, flaw{path, fmt.Sprintf(format, args...)})
	}
	kinds := 0
	for _, settings := range []map[string]any{p.Client, p.ServiceProvider, p.TokenApp} {
		if settings != nil {
			kinds++
		}
	}
	if kinds != 1 {
		bad("id", "A preset has exactly one of client, service_provider and token_app.")
		return out
	}
	if _, rows := p.parts(); p.settings()[rows] != nil {
		bad(p.Kind()+"."+rows, "Mapping rows stand in mapping.")
	}
	used := map[string]bool{}
	p.placeholders(used)
	known := map[string]bool{}
	for i, a := range p.Asks {
		at := fmt.Sprintf("asks[%d]", i)
		out = append(out, a.check(at, known)...)
		if known[a.ID] {
			bad(at+".id", "There are two asks %s.", a.ID)
		}
		known[a.ID] = true
		if !used[a.ID] {
			bad(at+".id", "Nothing uses the answer %s.", a.ID)
		}
	}
	for id := range used {
		if !known[id] {
			bad(p.Kind(), "There is no ask ${%s}.", id)
		}
	}
	for i, row := range p.Handover {
		at := fmt.Sprintf("handover[%d]", i)
		switch {
		case (row.Value == "") == (row.Text == ""):
			bad(at, "A row has either a value or a text.")
		case row.Value != "" && !slices.Contains(Values(p.Kind()), row.Value):
			bad(at+".value", "There is no value %s of a %s. There are: %s.", row.Value, p.Kind(), strings.Join(Values(p.Kind()), ", "))
		}
	}
	return out
}

func (p *Preset) settings() map[string]any { s, _ := p.parts(); return s }

// placeholders notes which answers the preset uses.
func (p *Preset) placeholders(used map[string]bool) {
	find(p.settings(), used)
	find(anyOf(p.Mapping), used)
	for _, a := range p.Asks {
		find(a.Default, used)
	}
}

func find(v any, used map[string]bool) {
	switch v := v.(type) {
	case string:
		for _, m := range placeholder.FindAllStringSubmatch(v, -1) {
			used[m[1]] = true
		}
	case []any:
		for _, item := range v {
			find(item, used)
		}
	case map[string]any:
		for _, member := range v {
			find(member, used)
		}
	}
}

func (a *Ask) check(at string, earlier map[string]bool) (out []flaw) {
	if _, err := regexp.Compile(a.Pattern); err != nil {
		return []flaw{{at + ".pattern", "This is not a regular expression that is understood here."}}
	}
	uses := map[string]bool{}
	find(a.Default, uses)
	for id := range uses {
		if !earlier[id] {
			out = append(out, flaw{at + ".default", "A default may use the answers of earlier asks only; ${" + id + "} is none."})
		}
	}
	if _, err := a.read(a.Example, map[string]any{}); err != nil {
		out = append(out, flaw{at + ".example", "The example would be refused."})
	}
	return out
}
