package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"cloudsso/api"
	"cloudsso/api/documents"
)

// files are the documents of one set of files, as they are written and as they travel.
type files struct {
	read []documents.Document
	wire []api.ApplyDocument
}

// readDocuments reads everything, and says everything that is wrong with its form.
func (p *program) readDocuments(f *applyFlags) (files, error) {
	if f.file == "" {
		return files{}, misuse{errors.New("name the files with -f")}
	}
	names, base, err := listFiles(f.file)
	if err != nil {
		return files{}, err
	}
	if f.source == "" {
		f.source = base
	}
	out := files{wire: []api.ApplyDocument{}}
	var faults []error
	for _, name := range names {
		text, err := p.read(name)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		label := base
		if rel, err := filepath.Rel(f.file, name); err == nil && rel != "." {
			label = base + "/" + filepath.ToSlash(rel)
		}
		docs, err := documents.Read(label, text)
		if err != nil {
			faults = append(faults, err)
		}
		for _, d := range docs {
			wire, err := p.resolve(d, filepath.Dir(name))
			if err != nil {
				faults = append(faults, err)
			}
			out.read, out.wire = append(out.read, d), append(out.wire, wire)
		}
	}
	return out, errors.Join(faults...)
}

// listFiles names the files of a file or folder, in the order of their names. What is
// hidden is left out.
func listFiles(path string) (names []string, base string, err error) {
	if path == "-" {
		return []string{"-"}, "stdin", nil
	}
	whole, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	base = filepath.Base(whole)
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, base, err
	}
	err = filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		hidden := name != path && strings.HasPrefix(e.Name(), ".")
		switch ext := filepath.Ext(name); {
		case err != nil:
			return err
		case hidden && e.IsDir():
			return fs.SkipDir
		case !e.IsDir() && !hidden && (ext == ".yaml" || ext == ".yml"):
			names = append(names, name)
		}
		return nil
	})
	return names, base, err
}

// resolve turns a document into what travels: without its kind, and with what stands
// elsewhere.
func (p *program) resolve(d documents.Document, dir string) (api.ApplyDocument, error) {
	var members map[string]any
	dec := json.NewDecoder(bytes.NewReader(d.JSON))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil || members == nil {
		return api.ApplyDocument{}, d.Fault("", "A document is a list of members with kind among them.")
	}
	kind, _ := members["kind"].(string)
	refs, known := references()[kind]
	if !known {
		return api.ApplyDocument{}, d.Fault("kind", "Expected kind with one of "+strings.Join(api.DocumentKinds(), ", ")+".")
	}
	delete(members, "kind")
	var faults []error
	for _, r := range refs {
		if err := p.refer(members, r, dir); err != nil {
			faults = append(faults, d.Fault(r.member, err.Error()))
		}
	}
	body, err := json.Marshal(members)
	return api.ApplyDocument{Kind: kind, File: d.File, Body: body}, errors.Join(append(faults, err)...)
}

// reference is a member whose value stands elsewhere.
type reference struct {
	member   string
	secret   bool // so it must not stand in the file
	generate bool // leaving it out has one made
}

func references() map[string][]reference {
	return map[string][]reference{
		"Group":           nil,
		"User":            {{member: "password", secret: true}, {member: "password_hash", secret: true}},
		"Client":          {{member: "client_secret", secret: true, generate: true}},
		"ServiceProvider": {{member: "metadata_xml"}},
		"TokenApp":        {{member: "shared_key", secret: true, generate: true}},
	}
}

func (p *program) refer(members map[string]any, r reference, dir string) error {
	text, ok := members[r.member].(string)
	if !ok {
		return nil // absent, or of another type, which its schema refuses
	}
	if text == "generate" && r.generate {
		delete(members, r.member)
		return nil
	}
	value, found, err := p.referred(text, dir, r.secret)
	if err != nil {
		return err
	}
	if found {
		members[r.member] = value
		return nil
	}
	if !r.secret {
		return nil
	}
	form := "env:NAME or file:PATH"
	if r.generate {
		form = "env:NAME, file:PATH or generate"
	}
	return errors.New("A secret never stands in the file itself. Expected " + form + ".")
}

// referred is the value that env:NAME or file:PATH stands for; found is false for anything
// else. A secret loses the line break at the end of its file.
func (p *program) referred(text, dir string, secret bool) (value string, found bool, err error) {
	how, what, _ := strings.Cut(text, ":")
	switch {
	case how == "env" && what != "":
		if value = p.getenv(what); value == "" {
			return "", false, errors.New("The environment variable " + what + " is not set.")
		}
		return value, true, nil
	case how == "file" && what != "":
		if !filepath.IsAbs(what) {
			what = filepath.Join(dir, what)
		}
		b, err := p.read(what)
		if err != nil {
			return "", false, errors.New("The file cannot be read: " + err.Error() + ".")
		}
		if secret {
			b = bytes.TrimRight(b, "\r\n")
		}
		return string(b), true, nil
	}
	return "", false, nil
}

var inBody = regexp.MustCompile(`^/documents/(\d+)(?:/(?:body|kind|file))?(.*)$`)

// placed puts file, line and column before the faults of documents.
func (f files) placed(err error) error {
	var out []error
	for _, e := range api.Faults(err) {
		m := inBody.FindStringSubmatch(e.Field)
		if i, bad := strconv.Atoi(at(m, 1)); m != nil && bad == nil && i < len(f.read) {
			text := e.Public
			if e.Cause != nil && !strings.Contains(text, e.Cause.Error()) {
				text += " (" + e.Cause.Error() + ")"
			}
			out = append(out, f.read[i].Fault(dotted(m[2]), text))
			continue
		}
		out = append(out, e)
	}
	return errors.Join(out...)
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// dotted writes a JSON pointer as a[0].b.
func dotted(pointer string) (out string) {
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch _, err := strconv.Atoi(part); {
		case err == nil:
			out += "[" + part + "]"
		case out == "":
			out = part
		default:
			out += "." + part
		}
	}
	return out
}
