package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"

	"cloudsso/api"
	"cloudsso/idp"
)

var signs = map[string]string{api.ActionCreate: "+", api.ActionChange: "~", api.ActionDelete: "-", api.ActionRelease: "o", api.ActionUnlisted: "?"}

// showApplied prints changes as people read them.
func (p *program) showApplied(out api.Applied, dry bool) {
	count, words := map[string]int{}, []any{"to create", "to change", "to delete"}
	if !dry {
		words = []any{"created", "changed", "deleted"}
	}
	for _, c := range out.Changes {
		state := ""
		if !dry && !c.Done && c.Action != api.ActionUnlisted {
			state = "  NOT DONE"
		} else {
			count[c.Action]++
		}
		p.line("%s %s %s  (%s)%s", signs[c.Action], c.Kind, c.Name, c.File, state)
		if c.Action == api.ActionUnlisted {
			p.line("    in no file any more; apply --prune deletes it, --release gives it back to people")
		}
		for _, f := range c.Fields {
			p.showField(f)
		}
		for _, w := range c.Warnings {
			p.hint("warning: %s: %s", c.Name, w)
		}
		p.secrets(c.ClientSecret, c.SharedSigningKey)
		if c.SharedKey != "" {
			p.line("shared_key  %s", c.SharedKey)
			p.hint("This key is shown once.")
		}
	}
	p.line("%d %s, %d %s, %d %s, %d in no file any more; %d as the files say.", count[api.ActionCreate], words[0], count[api.ActionChange], words[1], count[api.ActionDelete], words[2],
		count[api.ActionUnlisted]+count[api.ActionRelease], out.Unchanged)
}

func (p *program) showField(f api.FieldChange) {
	before, ok := f.Old.([]any)
	after, ok2 := f.New.([]any)
	switch {
	case f.Secret:
		p.line("    %s: (another one; it is not shown)", f.Field)
	case (ok || f.Old == nil) && (ok2 || f.New == nil) && (ok || ok2):
		p.line("    %s:", f.Field)
		p.showItems("-", before, after)
		p.showItems("+", after, before)
	default:
		p.line("    %s: %s → %s", f.Field, shortly(f.Old), shortly(f.New))
	}
}

// showItems prints those items of a list that the other does not have, or all if they
// differ in their order only.
func (p *program) showItems(sign string, list, other []any) {
	text := func(list []any) (out []string) {
		for _, v := range list {
			out = append(out, shortly(v))
		}
		return out
	}
	mine, theirs := text(list), text(other)
	sorted := func(s []string) []string { return slices.Sorted(slices.Values(s)) }
	same := slices.Equal(sorted(mine), sorted(theirs))
	for _, s := range mine {
		if same || !slices.Contains(theirs, s) {
			p.line("      %s %s", sign, s)
		}
	}
}

func shortly(v any) string {
	if v == nil {
		return "(none)"
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "?"
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// secretsFile takes the secrets that are made; nil: the answer shows them.
type secretsFile struct{ *os.File }

// openSecrets makes the file before anything else happens: a secret that was made and has
// nowhere to go is lost.
func (p *program) openSecrets(path string) (*secretsFile, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, idp.Errorf(idp.Conflict, "The file %s is there already. Secrets go into a new file.", path)
	}
	if err != nil {
		return nil, err
	}
	return &secretsFile{f}, nil
}

// close is for an apply that made nothing.
func (s *secretsFile) close() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.File.Close(), os.Remove(s.Name()))
}

// madeSecret is what an apply made for one client.
type madeSecret struct {
	ClientSecret     string `json:"client_secret,omitempty"`
	SharedSigningKey string `json:"shared_signing_key,omitempty"`
	SharedKey        string `json:"shared_key,omitempty"`
}

// take moves the secrets out of the answer. If they cannot be written, the answer keeps
// them.
func (s *secretsFile) take(out *api.Applied) error {
	if s == nil {
		return nil
	}
	made := map[string]madeSecret{}
	for _, c := range out.Changes {
		if s := (madeSecret{c.ClientSecret, c.SharedSigningKey, c.SharedKey}); s != (madeSecret{}) {
			made[c.Name] = s
		}
	}
	if len(made) == 0 {
		return s.close()
	}
	b, err := json.MarshalIndent(made, "", "  ")
	if err == nil {
		_, err = s.Write(append(b, '\n'))
	}
	if err = errors.Join(err, s.Sync(), s.File.Close()); err != nil {
		return err
	}
	for i := range out.Changes {
		c := &out.Changes[i]
		c.ClientSecret, c.SharedSigningKey, c.SharedKey = "", "", ""
	}
	return nil
}
