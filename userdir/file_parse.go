package userdir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cloudsso/idp"
)

const (
	maxFile     = 4 << 20 // bytes
	maxHashFile = 1024    // bytes
)

// people is one version of the file.
type people struct {
	byID    map[string]*entry
	byName  map[string]*entry
	byEmail map[string][]*entry
}

func newPeople() *people {
	return &people{byID: make(map[string]*entry), byName: make(map[string]*entry), byEmail: make(map[string][]*entry)}
}

// add takes one user more, or says which field is somebody else's.
func (p *people) add(e *entry) (field, problem string) {
	if p.byID[e.id] != nil {
		return "id", fmt.Sprintf("%q is already another user's.", e.id)
	}
	if p.byName[fold(e.username)] != nil {
		return "username", fmt.Sprintf("%q is already another user's (case does not matter).", e.username)
	}
	p.byID[e.id], p.byName[fold(e.username)] = e, e
	if e.email != "" {
		p.byEmail[fold(e.email)] = append(p.byEmail[fold(e.email)], e)
	}
	return "", ""
}

// entry is one of the users. It never changes; user makes copies.
type entry struct {
	id, username, email, hash string
	disabled                  bool
	groups                    []string
	attributes                idp.Attributes
}

// byLogin is [Local]'s rule: a username wins, and an address that two people have is nobody's.
func (p *people) byLogin(login string) (found *entry, ambiguous bool) {
	if !plausibleLogin(login) {
		return nil, false
	}
	if e := p.byName[fold(login)]; e != nil {
		return e, false
	}
	same := p.byEmail[fold(login)]
	if len(same) == 1 {
		return same[0], false
	}
	return nil, len(same) > 1
}

func (e *entry) user() User {
	status := idp.Active
	if e.disabled {
		status = idp.Disabled
	}
	return User{ID: e.id, Login: e.username, Status: status, Attributes: withNames(cloneAttributes(e.attributes), e.username, e.email), Groups: slices.Clone(e.groups)}
}

func cloneAttributes(a idp.Attributes) idp.Attributes {
	out := make(idp.Attributes, len(a))
	for name, values := range a {
		out[name] = slices.Clone(values)
		for i, v := range values {
			out[name][i] = cloneValue(v)
		}
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := maps.Clone(v)
		for k, member := range m {
			m[k] = cloneValue(member)
		}
		return m
	case []any:
		list := slices.Clone(v)
		for i, member := range list {
			list[i] = cloneValue(member)
		}
		return list
	}
	return v
}

// reader turns the YAML tree into people by hand: the decoder's own errors name Go
// types, and it lets duplicate and unknown keys, aliases and lossy numbers through.
type reader struct {
	path  string
	stamp stamp
}

// readPeople also returns the stamp of what it read, for a bad file too.
func readPeople(path string) (*people, stamp, error) {
	r := &reader{path: path}
	data, err := r.readFile(path, maxFile)
	if err != nil {
		return nil, r.stamp, fileError(err, "The directory file %s cannot be read: %s.", path, plainly(err))
	}
	parse := r.parse
	if strings.EqualFold(filepath.Ext(path), ".csv") {
		parse = r.parseCSV
	}
	p, err := parse(data)
	return p, r.stamp, err
}

// readFile takes the stamp first: what is written in between is seen at the next look.
func (r *reader) readFile(path string, limit int64) ([]byte, error) {
	r.stamp = append(r.stamp, stampOf(path))
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = errTooBig
	}
	return data, err
}

var errTooBig = errors.New("it is too big")

func plainly(err error) string {
	switch {
	case errors.Is(err, errTooBig):
		return errTooBig.Error()
	case errors.Is(err, os.ErrNotExist):
		return "it is not there"
	case errors.Is(err, os.ErrPermission):
		return "cloudsso may not open it"
	}
	return "the system reported a fault"
}

func fileError(cause error, format string, args ...any) error {
	return idp.Errorf(idp.Invalid, format, args...).Because(cause)
}

// at is a fault in one place of the file.
func (r *reader) at(n *yaml.Node, format string, args ...any) error {
	return idp.Errorf(idp.Invalid, "%s line %d: %s", r.path, n.Line, fmt.Sprintf(format, args...))
}

func (r *reader) parse(data []byte) (*people, error) {
	d := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		return nil, fileError(err, "The directory file %s is empty: it needs at least \"users: []\".", r.path)
	case err != nil:
		return nil, fileError(err, "The directory file %s is not valid YAML: %s.", r.path, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fileError(err, "The directory file %s has something after its first document: keep all users in one.", r.path)
	}
	top, err := r.mapping(doc.Content[0], "the file", "users")
	if err != nil {
		return nil, err
	}
	users := top["users"]
	if users == nil || users.Kind != yaml.SequenceNode {
		return nil, r.at(doc.Content[0], "users must be there and be a list.")
	}
	return r.users(users)
}

func (r *reader) users(list *yaml.Node) (*people, error) {
	p := newPeople()
	for i, n := range list.Content {
		e, fields, err := r.user(n, fmt.Sprintf("users[%d]", i))
		if err != nil {
			return nil, err
		}
		if field, problem := p.add(e); problem != "" {
			return nil, r.at(fields[field], "users[%d].%s %s", i, field, problem)
		}
	}
	return p, nil
}
