package presets

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/api/documents"
)

//go:embed catalog/*.yaml
var embedded embed.FS

// Catalog holds presets. It does not change once it is filled.
type Catalog struct {
	byID map[string]Preset
}

// New returns the presets that are part of the program. An error means that the program
// itself is broken.
func New() (*Catalog, error) {
	c := &Catalog{byID: map[string]Preset{}}
	return c, c.add(embedded, "catalog", "catalog")
}

// Folder adds the presets of a folder: every file in it that ends in .yaml or .yml. One
// with the id of a preset that is there already takes its place. The error names every
// fault with its file and line; name is what it calls the folder.
func (c *Catalog) Folder(dir fs.FS, name string) error { return c.add(dir, ".", name) }

func (c *Catalog) add(dir fs.FS, root, name string) error {
	files, err := fs.ReadDir(dir, root)
	if err != nil {
		return fmt.Errorf("the folder of presets %s cannot be read: %w", name, err)
	}
	s, faults := newSchema(), []error(nil)
	for _, f := range files {
		ext := path.Ext(f.Name())
		if f.IsDir() || ext != ".yaml" && ext != ".yml" {
			continue
		}
		doc, err := fs.ReadFile(dir, path.Join(root, f.Name()))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		p, err := s.read(path.Join(name, f.Name()), strings.TrimSuffix(f.Name(), ext), doc)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		c.byID[p.ID] = p
	}
	return errors.Join(faults...)
}

// Preset returns one.
func (c *Catalog) Preset(id string) (Preset, bool) {
	p, ok := c.byID[id]
	return p, ok
}

// Search lists the presets that have every word of query in their id, title, keywords or
// group, the generic ones last. An empty query lists all.
func (c *Catalog) Search(query string) []Preset {
	var out []Preset
	words := strings.Fields(strings.ToLower(query))
	for _, p := range c.byID {
		text := strings.ToLower(strings.Join(append([]string{p.ID, p.Title, p.Group}, p.Keywords...), " "))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			out = append(out, p)
		}
	}
	last := func(p Preset) int {
		if p.Group == "generic" {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b Preset) int {
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// schema is the JSON Schema of a preset file.
type schema struct {
	registry huma.Registry
	preset   *huma.Schema
}

func newSchema() *schema {
	r := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	return &schema{r, r.Schema(reflect.TypeFor[Preset](), false, "")}
}

// Schema is the JSON Schema of a preset file, for editors: what schema.json holds.
func Schema() []byte {
	s := newSchema()
	defs := s.registry.Map()
	doc := map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "cloudsso preset", "$ref": "#/$defs/Preset", "$defs": defs}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic("presets: " + err.Error()) // made of our own types, by tests and commands only
	}
	return append(b, '\n')
}

// read parses one file.
func (s *schema) read(file, id string, doc []byte) (Preset, error) {
	parsed, err := documents.Read(file, doc)
	if err != nil {
		return Preset{}, err
	}
	if len(parsed) != 1 {
		return Preset{}, documents.Fault{File: file, Line: 1, Text: "A file has one preset."}
	}
	var plain any
	if err := json.Unmarshal(parsed[0].JSON, &plain); err != nil { // numbers as JSON has them
		return Preset{}, err
	}
	flaws := s.validate(plain)
	var p Preset
	if len(flaws) == 0 {
		if err := json.Unmarshal(parsed[0].JSON, &p); err != nil {
			return p, fmt.Errorf("%s: %w", file, err)
		}
		if flaws = p.check(); p.ID != id {
			flaws = append(flaws, flaw{"id", "The file must be called " + p.ID + ".yaml."})
		}
	}
	var faults []error
	for _, f := range flaws {
		faults = append(faults, parsed[0].Fault(f.path, f.text))
	}
	return p, errors.Join(faults...)
}

func (s *schema) validate(doc any) (out []flaw) {
	at, res := huma.NewPathBuffer(make([]byte, 0, 128), 0), &huma.ValidateResult{}
	huma.Validate(s.registry, s.preset, at, huma.ModeWriteToServer, doc, res)
	for _, err := range res.Errors {
		var d huma.ErrorDetailer
		if errors.As(err, &d) {
			out = append(out, flaw{d.ErrorDetail().Location, d.ErrorDetail().Message})
		}
	}
	return out
}
