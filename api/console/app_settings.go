package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

type settingsPage struct {
	Fault  string
	Form   *Form
	Facts  []Fact // what the form cannot change; all of it for whoever may only read
	Switch *Form  // disable or enable
	Delete *Form
}

// settingsTab shows the settings of an app, as a form to whoever may change them.
func settingsTab(v *visit) error { return v.settings(http.StatusOK, settingsPage{}, nil) }

// settings shows the page; a form that came back with faults is in p, or the fault of the
// one that deletes is in err.
func (v *visit) settings(status int, p settingsPage, err error) error {
	v.app.tab = "settings"
	now, readErr := v.stored()
	if readErr != nil {
		return readErr
	}
	version := Field{Name: "version", Kind: "hidden", Value: string(v.app.Version)}
	p.Facts = v.fixed(now)
	if !mayChange(v) {
		for _, s := range settingsOfKind(v.app.Kind) {
			if text := s.text(now); text != "" {
				p.Facts = append(p.Facts, Fact{label(s.name), Cell{Text: text}})
			}
		}
		return v.showTab("app_settings", p)
	}
	if p.Form == nil {
		f := v.form("settings", v.app.path("settings"), "Save", version)
		settingsForm(&f, v.app.Kind, now)
		p.Form = &f
	}
	p.Switch = v.button(v.app.path("settings/disable"), "Disable the app")
	if v.app.Disabled {
		p.Switch = v.button(v.app.path("settings/enable"), "Enable the app")
		p.Switch.Danger = false
	}
	p.Switch.ID, p.Switch.Fields = "switch", []Field{version}
	if _, notMaker := v.actor.AppsMaker(); notMaker == nil {
		f := v.form("delete", v.app.path("settings/delete"), "Delete the app", version,
			Field{Name: "confirm", Label: "Type the name of the app: " + v.app.Name, Autocomplete: "off", Required: true})
		f.Danger = true
		if err != nil {
			v.refill(&f, err)
		}
		p.Delete = &f
	}
	v.writeTab(status, "app_settings", p)
	return nil
}

// stored is the app as the API shows it.
func (v *visit) stored() (map[string]any, error) { return asJSON(v.app.view) }

func asJSON(v any) (out map[string]any, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber() // large ones stay as they are written
	return out, d.Decode(&out)
}

// fixed is what says which app it is.
func (v *visit) fixed(now map[string]any) (facts []Fact) {
	add := func(name, text string, code bool) {
		if text != "" {
			facts = append(facts, Fact{name, Cell{Text: text, Code: code}})
		}
	}
	text := func(name string) string { return setting{name: name}.text(now) }
	if v.app.Kind == presets.KindClient {
		add("Client ID", v.app.ID, true)
	} else {
		add("App", v.app.ID, true)
		add("Entity ID", text("entity_id"), true)
		add("Answers go to (ACS)", locations(now["acs"]), true)
		add("Sign-outs go to (SLO)", locations(now["slo"]), true)
		add("Login URL", text("login_url"), true)
	}
	add("Made from", v.presetTitle(text("preset")), false)
	return facts
}

func (v *visit) presetTitle(id string) string {
	reader, err := v.actor.AppsReader()
	if err != nil || id == "" {
		return ""
	}
	p, err := reader.Preset(id)
	if err != nil {
		return id // it is not there any more
	}
	return p.Title
}

func locations(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if e, ok := e.(map[string]any); ok {
			out = append(out, setting{name: "location"}.text(e))
		}
	}
	return strings.Join(out, "\n")
}

// patchOf is the JSON merge patch (RFC 7396) that makes what is stored what the form says.
// Only what was changed is in it.
func (v *visit) patchOf(now map[string]any) (json.RawMessage, error) {
	patch, faults := map[string]any{}, []error(nil)
	for _, s := range settingsOfKind(v.app.Kind) {
		is, err := s.read(v.r.PostForm.Get(s.name))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		was, _ := s.read(s.text(now))
		if s.kind == switchSetting && is == nil {
			is = false // a tick that is not there is not sent
		}
		if s.kind == switchSetting && was == nil {
			was = false
		}
		if !reflect.DeepEqual(is, was) {
			put(patch, s.name, is)
		}
	}
	b, err := json.Marshal(patch)
	return b, errors.Join(append(faults, err)...)
}

// put sets a member by its dotted name.
func put(doc map[string]any, name string, value any) {
	first, rest, deeper := strings.Cut(name, ".")
	if !deeper {
		doc[first] = value
		return
	}
	inner, ok := doc[first].(map[string]any)
	if !ok {
		inner = map[string]any{}
		doc[first] = inner
	}
	put(inner, rest, value)
}

// saveSettings stores what was changed.
func saveSettings(v *visit) error {
	writer, err := v.actor.AppsWriter()
	if err != nil {
		return err
	}
	now, err := v.stored()
	if err != nil {
		return err
	}
	patch, err := v.patchOf(now)
	var made *once
	if err == nil {
		made, err = v.patchApp(writer, patch)
	}
	switch {
	case err == nil && made != nil:
		return v.secrets(http.StatusOK, secretsPage{Once: made})
	case err == nil:
		return v.done(v.app.path("settings"), "changed")
	}
	f := v.form("settings", v.app.path("settings"), "Save", Field{Name: "version", Kind: "hidden", Value: v.r.PostForm.Get("version")})
	settingsForm(&f, v.app.Kind, now)
	if v.refill(&f, err) {
		return v.settings(http.StatusUnprocessableEntity, settingsPage{Form: &f, Fault: faultsBeside(&f, err)}, nil)
	}
	return err
}

// faultsBeside is what stands above a form: each fault that is at none of its inputs, or
// where to look.
func faultsBeside(f *Form, err error) string {
	var rest []error
	for _, fault := range api.Faults(err) {
		if f.at(fault.Field) == nil {
			rest = append(rest, fault)
		}
	}
	if len(rest) == 0 {
		return "This could not be saved. What is wrong stands at the marked fields."
	}
	return sentences(errors.Join(rest...))
}

// patchApp changes the app; secrets that the change made are shown once.
func (v *visit) patchApp(writer api.AppsWriter, patch json.RawMessage) (*once, error) {
	match := api.IfMatch(v.r.PostForm.Get("version"))
	switch v.app.Kind {
	case presets.KindServiceProvider:
		_, err := writer.PatchServiceProvider(v.r.Context(), v.app.ID, patch, match)
		return nil, err
	case presets.KindTokenApp:
		t, err := writer.PatchTokenApp(v.r.Context(), v.app.ID, patch, match)
		return onceOf(api.App{TokenApp: &t}), err
	}
	c, err := writer.PatchClient(v.r.Context(), v.app.ID, patch, match)
	return onceOf(api.App{Client: &c}), err
}

// disableApp ends sign-ins to the app, enableApp allows them again.
func disableApp(v *visit) error { return v.switchApp("true") }
func enableApp(v *visit) error  { return v.switchApp("false") }

func (v *visit) switchApp(disabled string) error {
	writer, err := v.actor.AppsWriter()
	if err == nil {
		_, err = v.patchApp(writer, json.RawMessage(`{"disabled":`+disabled+`}`))
	}
	if err != nil {
		return err
	}
	return v.done(v.app.path("settings"), "changed")
}

// deleteApp deletes an app whose name was typed: a slip of the mouse is not enough.
func deleteApp(v *visit) error {
	maker, err := v.actor.AppsMaker()
	if err != nil {
		return err
	}
	if v.field("confirm") != v.app.Name {
		err := idp.Errorf(idp.Invalid, "This is not the name of the app. Nothing was deleted.").On("confirm")
		return v.settings(http.StatusUnprocessableEntity, settingsPage{Fault: err.Public}, err)
	}
	if err := maker.DeleteApp(v.r.Context(), v.app.ID, api.IfMatch(v.r.PostForm.Get("version"))); err != nil {
		return err
	}
	return v.done("/admin/apps", "deleted")
}
