package documents_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"cloudsso/api/documents"
)

func TestAFileIsItsDocumentsInOrder(t *testing.T) {
	t.Parallel()
	docs, err := documents.Read("a.yaml", []byte("# nothing\n---\na: 1\nb: [true, 1.5, \"1\", 2027-01-02, yes, 0x]\n---\n\n---\n{c: {d: -2e3}}\n"))
	if err != nil || len(docs) != 2 {
		t.Fatal(docs, err)
	}
	for i, want := range []string{`{"a":1,"b":[true,1.5,"1","2027-01-02","yes","0x"]}`, `{"c":{"d":-2e3}}`} {
		if got := string(docs[i].JSON); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for path, want := range map[string]string{"": "a.yaml:3:1: x", "b[1]": "a.yaml:4:11: b[1]: x", "/b/0": "a.yaml:4:5: /b/0: x", "b[9].c": "a.yaml:4:1: b[9].c: x", "nothing": "a.yaml:3:1: nothing: x"} {
		if got := docs[0].Fault(path, "x").Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// A file must mean the same to everybody who reads it, and cost nothing to read.
func TestWhatIsNotPlainIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"a bomb of aliases": {"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "f.yaml:1:4: Anchors and aliases are not read here. Write the value out." +
			"\nf.yaml:2:4: Anchors and aliases are not read here. Write the value out." +
			"\nf.yaml:3:5: Anchors and aliases are not read here. Write the value out.\nf.yaml:3:9: Anchors and aliases are not read here. Write the value out."},
		"an anchor on a name":       {"&a a: 1", "f.yaml:1:1: The name of a member must be a text. Put it in quotes if it is meant."},
		"a merge key":               {"a: 1\n<<: {b: 2}", "f.yaml:2:1: Merge keys (<<) are not read here. Write the members out."},
		"a member twice":            {"a: 1\nb:\n  c: 1\n  c: 2", "f.yaml:4:3: The member c is there twice."},
		"a name that is a number":   {"a:\n  1: x", "f.yaml:2:3: The name of a member must be a text. Put it in quotes if it is meant."},
		"a name that is a list":     {"? [a]\n: x", "f.yaml:1:3: The name of a member must be a text. Put it in quotes if it is meant."},
		"a tag":                     {"a: !!binary aGk=", "f.yaml:1:4: Tags such as !!binary are not read here. Leave it out."},
		"a tag of somebody's own":   {"a: !env HOME", "f.yaml:1:4: Tags such as !env are not read here. Leave it out."},
		"an octal number":           {"a: 0600", "f.yaml:1:4: Numbers are written in plain decimals here. Put 0600 in quotes if it is a text."},
		"no number":                 {"a: .nan", "f.yaml:1:4: Numbers are written in plain decimals here. Put .nan in quotes if it is a text."},
		"underscores in a number":   {"a: 1_000", "f.yaml:1:4: Numbers are written in plain decimals here. Put 1_000 in quotes if it is a text."},
		"no value":                  {"a: 1\nb:\n", "f.yaml:2:3: The value is missing. Leave the member out for its default."},
		"a tab":                     {"a:\n\tb: 1", "f.yaml:2: This is not well-formed YAML: found character that cannot start any token."},
		"another encoding":          {"a: 1\nb: caf\xe9", "f.yaml:2: The file is not UTF-8 text from here on."},
		"UTF-16":                    {"\xff\xfea\x00", "f.yaml:1: The file is not UTF-8 text from here on."},
		"a control character":       {"a: \x01", "f.yaml:1: This is not well-formed YAML: control characters are not allowed."},
		"an open list":              {"a: [", "f.yaml:1: This is not well-formed YAML: did not find expected node content."},
		"nested beyond all measure": {strings.Repeat("[", 60) + strings.Repeat("]", 60), "f.yaml:1:52: It is nested more than 50 deep."},
		"a fault after a document":  {"a: 1\n---\nb: 0x1", "f.yaml:3:4: Numbers are written in plain decimals here. Put 0x1 in quotes if it is a text."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			docs, err := documents.Read("f.yaml", []byte(c.text))
			if err == nil || err.Error() != c.want || docs != nil {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// Attack: a file that is small to send and large to read.
func TestAHugeFileEndsSoon(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"brackets":  strings.Repeat("[", 1<<20),
		"blocks":    strings.Repeat("- ", 1<<20),
		"documents": strings.Repeat("---\na: 1\n", 6000),
	} {
		if docs, err := documents.Read("f.yaml", []byte(text)); err == nil {
			t.Errorf("%s: %d documents", name, len(docs))
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", " ", "yes", "true", "null", "~", "1", "0600", "1e3", ".5", "2027-01-02", "2027-01-02T03:04:05Z", "a: b", "- a", "#a", "&a", "*a", "!a", "@a", "`a", "%a", "|", ">", "'", `"`, `\`, "<<", "=",
		"a\nb", "a\nb\n", "\na", "a\n\n", "  a\nb", "a\r\nb", "a\rb", "\t", "a\tb\nc", "a\u0085b", "a\u2028b", "\ufeff", "a\x00b", "a\x7fb", "a\u0080b", "\U0001f600", "é", "\ufffe", strings.Repeat("long words ", 40), "<?xml version=\"1.0\"?>\r\n<a b='c'>\n\t<d/>\r\n</a>\n", "trailing \nspace ",
	} {
		want := map[string]any{s: s, "list": []any{s, map[string]any{"x": s}}, "n": 1.5, "b": false, "nil": nil, "empty": map[string]any{}, "none": []any{}}
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := documents.Write(&out, b, b); err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		docs, err := documents.Read("f.yaml", out.Bytes())
		if err != nil || len(docs) != 2 {
			t.Errorf("%q: %v\n%s", s, err, out.String())
			continue
		}
		var got map[string]any
		if err := json.Unmarshal(docs[1].JSON, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q came back as %v (%v)\n%s", s, got, err, out.String())
		}
	}
}
