package console

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"cloudsso/api"
	"cloudsso/api/presets"
	"cloudsso/idp"
)

// Adding an app is one address with four steps: choose or paste, answer, review, done.
// Until it is made, what was answered travels in the forms.
const (
	newAppPath    = "/admin/apps/new"
	stepRecognise = "recognise"
	stepAsk       = "ask"
	stepReview    = "review"
	stepCreate    = "create"
)

// newApp shows what an app can be made from, or the questions of the preset that was chosen.
func newApp(v *visit) error {
	maker, err := v.actor.AppsMaker()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	if id := q.Get("preset"); id != "" {
		return v.ask(maker, http.StatusOK, api.NewApp{Preset: id}, nil, nil)
	}
	return v.choose(maker, http.StatusOK, nil, nil)
}

// addApp goes on with what was sent.
func addApp(v *visit) error {
	maker, err := v.actor.AppsMaker()
	if err != nil {
		return err
	}
	if v.field("step") == stepRecognise {
		return v.recognise(maker)
	}
	in, err := v.draft()
	if err != nil {
		return v.ask(maker, http.StatusUnprocessableEntity, in, nil, err)
	}
	switch v.field("step") {
	case stepReview:
		return v.review(maker, in)
	case stepCreate:
		return v.create(maker, in)
	}
	return v.ask(maker, http.StatusOK, in, nil, nil)
}

// recognise looks at what was pasted or uploaded.
func (v *visit) recognise(maker api.AppsMaker) error {
	text, err := v.uploaded("file")
	if err != nil {
		return err
	}
	if text == "" {
		text = v.r.PostForm.Get("paste")
	}
	found, err := maker.Recognise(v.r.Context(), text)
	switch {
	case api.Typed(err):
		return v.choose(maker, http.StatusUnprocessableEntity, nil, err)
	case err != nil:
		return err
	case found.App == nil:
		return v.choose(maker, http.StatusOK, &found, nil)
	}
	return v.ask(maker, http.StatusOK, *found.App, &found, nil)
}

// uploaded is what a file input has, "" without a file.
func (v *visit) uploaded(name string) (string, error) {
	if v.r.MultipartForm == nil {
		return "", nil
	}
	file, _, err := v.r.FormFile(name)
	if err != nil {
		return "", nil // nothing was chosen
	}
	defer file.Close()
	b, err := io.ReadAll(file)
	return string(b), err
}

// answerPrefix is before the names of the inputs for answers, as faults name their places.
const answerPrefix = "answers."

// draft reads the app that is not made yet out of a form.
func (v *visit) draft() (in api.NewApp, err error) {
	in = api.NewApp{Preset: v.field("preset"), Name: v.field("name"), SecretLink: v.field("secret_link") == "true", Answers: map[string]string{}}
	for name := range v.r.PostForm {
		if id, ok := strings.CutPrefix(name, answerPrefix); ok {
			in.Answers[id] = v.field(name)
			if file, err := v.uploaded("file." + id); err != nil {
				return in, err
			} else if file != "" {
				in.Answers[id] = file
			}
		}
	}
	if text := v.field("settings"); text != "" && json.Unmarshal([]byte(text), &in.Settings) != nil {
		err = idp.Errorf(idp.Invalid, "Expected a JSON object, such as {\"logo_uri\": \"https://app.example.com/logo.png\"}.").On("settings")
	}
	return in, err
}

type askPage struct {
	Preset presets.Preset
	Kind   string
	Found  *api.Recognised
	Fault  string
	Form   Form
}

// ask shows the questions of a preset, filled in as far as it is known.
func (v *visit) ask(maker api.AppsMaker, status int, in api.NewApp, found *api.Recognised, fault error) error {
	p, err := maker.Preset(in.Preset)
	if err != nil {
		return err
	}
	page := askPage{Preset: p, Kind: kindText(p.Kind()), Found: found}
	page.Form = v.form("answers", newAppPath, "Review", Field{Name: "preset", Kind: "hidden", Value: p.ID})
	page.Form.Step, page.Form.Upload = stepReview, true
	if in.Name == "" && p.Group != "generic" {
		in.Name = p.Title
	}
	name := Field{Name: "name", Label: "Name", Value: in.Name, Required: true, Autocomplete: "off", Help: "Shown to people who sign in."}
	page.Form.Fields = append(page.Form.Fields, name)
	for _, a := range p.Asks {
		page.Form.Fields = append(page.Form.Fields, askFields(a, in.Answers[a.ID], found)...)
	}
	text := in.SettingsText()
	if fault != nil && text == "" {
		text = v.field("settings")
	}
	page.Form.Folded = []Section{{Title: "Further settings", Open: text != "", Fields: []Field{{
		Name: "settings", Label: "Settings beside those of the preset, as JSON", Kind: "textarea", Rows: min(max(4, strings.Count(text, "\n")+2), 16), Value: text, Help: "As the API has them. Everything can be changed later, too.",
	}}}}
	for _, f := range api.Faults(fault) {
		if field := page.Form.at(f.Field); field != nil && fault != nil {
			field.Error = f.Public
		}
	}
	if fault != nil {
		page.Fault = sentences(fault)
	}
	v.write(status, "newapp_ask", "Add "+p.Title, page)
	return nil
}

// askFields is the input of an ask; a document can be a file, too.
func askFields(a presets.Ask, value string, found *api.Recognised) []Field {
	f := Field{Name: answerPrefix + a.ID, Label: a.Label, Help: a.Help, Value: value, Required: !a.Optional && a.Default == "", Autocomplete: "off"}
	if a.Optional {
		f.Label += " (optional)"
	}
	if a.Kind != "document" {
		f.Help = strings.TrimSpace(f.Help + " Example: " + a.Example)
	}
	switch {
	case a.Kind == "lines" || a.Kind == "pairs":
		f.Kind, f.Rows = "textarea", 3
	case a.Kind == "document":
		f.Kind, f.Rows, f.Required = "textarea", 10, false
		return []Field{f, {Name: "file." + a.ID, Label: "Or a file", Kind: "file"}}
	case a.ID == "entity" && found != nil && len(found.Entities) > 0:
		f.Kind = "select"
		for _, e := range found.Entities {
			f.Options = append(f.Options, Option{e.EntityID, strings.TrimSpace(e.Name + " " + e.EntityID)})
		}
	}
	return []Field{f}
}

// sentences is all that an error says.
func sentences(err error) string {
	var out []string
	for _, f := range api.Faults(err) {
		out = append(out, f.Public)
	}
	return strings.Join(out, " ")
}
