package mapping

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"cloudsso/idp"
)

// run takes the values through the steps of the row.
func (o *outcome) run(row idp.Mapping) {
	if row.Split != "" {
		o.split(row.Split)
	}
	if row.Map != nil {
		o.exchange(row.Map)
	}
	if row.First {
		o.first()
	}
	if row.Lower {
		o.letters("lower", strings.ToLower)
	}
	if row.Upper {
		o.letters("upper", strings.ToUpper)
	}
	if row.Date != nil {
		o.dates(*row.Date)
	}
	if row.Default != "" && len(o.values) == 0 {
		o.did("default", []any{row.Default})
	}
	if row.Join != "" {
		o.join(row.Join)
	}
	if row.Type != "" {
		o.typed(row.Type)
	}
	if len(o.values) > 0 {
		o.note = ""
	}
}

// did replaces the values in a step.
func (o *outcome) did(step string, values []any) {
	o.values, o.steps = values, append(o.steps, step)
}

func (o *outcome) split(separator string) {
	var out []any
	for _, s := range texts(o.values) {
		for part := range strings.SplitSeq(s, separator) {
			out = append(out, strings.TrimSpace(part))
		}
	}
	o.did("split", clean(out))
	o.list = true
}

func (o *outcome) exchange(by map[string]string) {
	var out []any
	for _, s := range texts(o.values) {
		to, ok := by[s]
		if !ok {
			to = by["*"]
		}
		if !slices.Contains(out, any(to)) {
			out = append(out, to)
		}
	}
	o.did("map", clean(out))
	o.emptied("map knows none of the values")
}

func (o *outcome) first() {
	o.list = false
	if len(o.values) > 1 {
		o.did("first", o.values[:1])
	}
}

func (o *outcome) letters(step string, change func(string) string) {
	out := slices.Clone(o.values)
	for i, v := range out {
		if s, ok := v.(string); ok {
			out[i] = change(s)
		}
	}
	o.did(step, out)
}

func (o *outcome) join(separator string) {
	o.list = false
	if found := texts(o.values); len(found) > 0 {
		o.did("join", []any{strings.Join(found, separator)})
		return
	}
	o.values = nil
	o.emptied("a structured value has no text to join")
}

func (o *outcome) typed(name string) {
	if name == "array" {
		o.list = true
		o.did(name, o.values)
		return
	}
	var out []any
	for _, v := range o.values {
		out = append(out, convert(name, v))
	}
	o.did(name, clean(out))
	o.emptied("no value is of the type " + name)
}

// convert gives v the JSON type, or nil if it does not fit.
func convert(name string, v any) any {
	switch name {
	case "string":
		if structured(v) {
			return nil
		}
		return idp.Text(v)
	case "number":
		return number(v)
	case "boolean":
		return truth(v)
	}
	return fromJSON(v)
}

// truth takes 1 and 0 too, which databases write.
func truth(v any) any {
	if !structured(v) {
		switch idp.Text(v) {
		case "1":
			return true
		case "0":
			return false
		}
	}
	return boolean(v)
}

func number(v any) any {
	s, ok := v.(string)
	if !ok {
		if _, is := v.(bool); is || structured(v) {
			return nil
		}
		return v
	}
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	// What else Go takes for a number (Inf, 0x1p4) is none in JSON.
	if strings.Trim(s, "0123456789.eE+-") != "" {
		return nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.Trunc(f) == f && math.Abs(f) > 1<<53 { // it would be another number
		return nil
	}
	return f
}

// fromJSON reads a text; what is no text is JSON already.
func fromJSON(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	var out any
	if json.Unmarshal([]byte(s), &out) != nil {
		return nil
	}
	return out
}

func structured(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
