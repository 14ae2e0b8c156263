package console

import (
	"encoding/json"
	"net/http"
	"time"

	"cloudsso/api"
	"cloudsso/idp"
)

// help does something for a person and shows their page again.
func help(what string, do func(v *visit, h api.PeopleHelper, subject string) error) func(v *visit) error {
	return func(v *visit) error {
		helper, err := v.actor.PeopleHelper()
		if err != nil {
			return err
		}
		subject := v.r.PathValue("id")
		if err := do(v, helper, subject); err != nil {
			return err
		}
		return v.done(personPath(subject), what)
	}
}

func unlock(v *visit, h api.PeopleHelper, subject string) error {
	return h.Unlock(v.r.Context(), subject)
}

func endSessions(v *visit, h api.PeopleHelper, subject string) error {
	_, err := h.EndSessions(v.r.Context(), subject)
	return err
}

func endSession(v *visit, h api.PeopleHelper, subject string) error {
	return h.EndSession(v.r.Context(), subject, v.field("sid"))
}

func revoke(v *visit, h api.PeopleHelper, subject string) error {
	_, err := h.RevokeGrants(v.r.Context(), subject, v.field("client"))
	return err
}

func forget(v *visit, h api.PeopleHelper, subject string) error {
	return h.RevokeConsent(v.r.Context(), subject, v.field("client"))
}

// link shows a sign-in link in its own answer, the only place where it ever is.
func link(v *visit) error {
	helper, err := v.actor.PeopleHelper()
	if err != nil {
		return err
	}
	made, err := helper.SignInLink(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.showPerson(http.StatusOK, personPage{Link: &made})
}

// builtIn finds the built-in user that the page is about.
func (v *visit) builtIn() (api.PeopleWriter, api.User, error) {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return writer, api.User{}, err
	}
	p, err := writer.FindPerson(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return writer, api.User{}, err
	}
	if p.User == "" {
		return writer, api.User{}, idp.Errorf(idp.Conflict, "This person is not a built-in user. The directory %s is where they are changed.", p.Directory)
	}
	u, err := writer.User(v.r.Context(), p.User)
	return writer, u, err
}

// setDisabled is not held up by a version: whoever disables somebody means them as they are.
func setDisabled(disabled bool, what string) func(v *visit) error {
	return func(v *visit) error {
		writer, u, err := v.builtIn()
		if err != nil {
			return err
		}
		if err := v.patchUser(writer, u, map[string]any{"disabled": disabled}, ""); err != nil {
			return err
		}
		return v.done(personPath(v.r.PathValue("id")), what)
	}
}

func (v *visit) patchUser(writer api.PeopleWriter, u api.User, members map[string]any, match api.IfMatch) error {
	patch, err := json.Marshal(members)
	if err != nil {
		return err
	}
	_, err = writer.PatchUser(v.r.Context(), u.ID, patch, match)
	return err
}

// changePerson saves what is known about a built-in user.
func changePerson(v *visit) error {
	writer, u, err := v.builtIn()
	if err != nil {
		return err
	}
	members, err := v.userMembers(u)
	if err == nil {
		err = v.patchUser(writer, u, members, v.version())
	}
	if err == nil {
		return v.done(personPath(v.r.PathValue("id")), "changed")
	}
	f, formErr := v.userForm(personPath(v.r.PathValue("id")), u)
	if formErr != nil {
		return formErr
	}
	return v.personAgain(f, func(p *personPage, f *Form) { p.Change = f }, err)
}

// userMembers is the merge patch of the form.
func (v *visit) userMembers(u api.User) (map[string]any, error) {
	members := map[string]any{"username": v.field("username"), "email": v.field("email"), "groups": v.lines("groups"), "expires_at": nil}
	if text := v.field("expires_at"); text != "" {
		at, err := time.Parse(inputTime, text)
		if err != nil {
			return nil, idp.Errorf(idp.Invalid, "Expected a date and a time.").On("expires_at")
		}
		members["expires_at"] = at
	}
	attributes := map[string]any{}
	for name := range u.Attributes {
		attributes[name] = nil // unless it is still there
	}
	text := v.field("attributes")
	if text == "" {
		text = "{}"
	}
	var typed map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &typed); err != nil {
		return nil, idp.Errorf(idp.Invalid, "The attributes are not a JSON object. Expected something like {\"department\": \"Sales\"}.").On("attributes").Because(err)
	}
	for name, value := range typed {
		attributes[name] = value
	}
	members["attributes"] = attributes
	return members, nil
}

func setPassword(v *visit) error {
	writer, u, err := v.builtIn()
	if err != nil {
		return err
	}
	password := v.r.PostForm.Get("password")
	err = idp.Errorf(idp.Invalid, "Choose a password.").On("password")
	if password != "" {
		err = v.patchUser(writer, u, map[string]any{"password": password}, v.version())
	}
	if password != "" && err == nil {
		return v.done(personPath(v.r.PathValue("id")), "password")
	}
	return v.personAgain(v.passwordForm(personPath(v.r.PathValue("id")), u), func(p *personPage, f *Form) { p.Password = f }, err)
}

func deletePerson(v *visit) error {
	writer, u, err := v.builtIn()
	if err != nil {
		return err
	}
	if err := writer.DeleteUser(v.r.Context(), u.ID, v.version()); err != nil {
		return err
	}
	return v.done("/admin/people", "deleted")
}

func mergePeople(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	subject := v.r.PathValue("id")
	if _, err = writer.MergePeople(v.r.Context(), subject, api.Merge{From: v.field("from")}); err == nil {
		return v.done(personPath(subject), "merged")
	}
	return v.personAgain(v.mergeForm(personPath(subject)), func(p *personPage, f *Form) { p.Merge = f }, err)
}

func movePerson(v *visit) error {
	writer, err := v.actor.PeopleWriter()
	if err != nil {
		return err
	}
	subject := v.r.PathValue("id")
	if _, err = writer.MovePerson(v.r.Context(), subject, api.PersonLink{Directory: v.field("directory"), DirectoryID: v.field("directory_id")}); err == nil {
		return v.done(personPath(subject), "moved")
	}
	return v.personAgain(v.moveForm(personPath(subject), api.PersonFound{}), func(p *personPage, f *Form) { p.Move = f }, err)
}
