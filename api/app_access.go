package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloudsso/idp"
	"cloudsso/idp/mapping"
)

// Results of an [AccessCheck].
const (
	checkPassed  = "passed"
	checkFailed  = "failed"
	checkNoted   = "noted"
	checkSkipped = "skipped"
)

// Access says why a person can or cannot sign in to an app, check by check, in the order in which a
// sign-in looks.
type Access struct {
	App      string           `json:"app"`
	Name     string           `json:"name"`
	Kind     string           `json:"kind" enum:"client,service_provider,token_app"`
	User     *PreviewedPerson `json:"user,omitempty" doc:"Absent: no directory knows them."`
	May      bool             `json:"may" doc:"A sign-in now would be let through."`
	Checks   []AccessCheck    `json:"checks" nullable:"false"`
	Success  *AppMoment       `json:"last_success,omitempty" doc:"Their last sign-in to the app."`
	Failures []AppMoment      `json:"failures,omitempty" doc:"What was refused to them lately, newest first."`
}

// AccessCheck is one thing that was looked at.
type AccessCheck struct {
	Check  string `json:"check" enum:"person,account,app,assignment,values,consent"`
	Result string `json:"result" enum:"passed,failed,noted,skipped"`
	Text   string `json:"text" doc:"What was found."`
	Fix    string `json:"fix,omitempty" doc:"What to do."`
}

func (a *Access) add(check, result, text, fix string) {
	a.Checks = append(a.Checks, AccessCheck{check, result, text, fix})
	a.May = a.May && result != checkFailed
}

// Access answers "why can't X sign in to Y?". user is a user name, the id of a built-in
// user, or a subject.
func (o PeopleReader) Access(ctx context.Context, id, user string) (Access, error) {
	app, err := o.app(ctx, id)
	if err != nil {
		return Access{}, err
	}
	if o.People == nil {
		return Access{}, errNoDirectories
	}
	s := o.summary(app)
	out := Access{App: s.App, Name: s.Name, Kind: s.Kind, May: true}
	person, known, err := o.checkPerson(ctx, &out, user)
	if err != nil {
		return Access{}, err
	}
	if s.Disabled {
		out.add("app", checkFailed, s.Name+" is switched off.", "Switch it on in its settings.")
	} else {
		out.add("app", checkPassed, s.Name+" is switched on.", "")
	}
	if !known {
		for _, check := range []string{"assignment", "values", "consent"} {
			out.add(check, checkSkipped, "It takes somebody whom a directory knows.", "")
		}
		return out, nil
	}
	if person, err = o.People.PersonFor(ctx, person.Subject, app.profile()); err != nil {
		return Access{}, err
	}
	checkAssignment(&out, app.assigned(), person)
	if err := o.checkValues(ctx, &out, app, person); err != nil {
		return Access{}, err
	}
	if err := o.checkConsent(ctx, &out, app, person.Subject); err != nil {
		return Access{}, err
	}
	return out, o.addHistory(ctx, &out, person.Subject)
}

// checkPerson finds out who is meant. Somebody unknown is an answer, and no error.
func (o acting) checkPerson(ctx context.Context, out *Access, user string) (idp.Person, bool, error) {
	person, err := o.previewed(ctx, user)
	switch e := idp.AsError(err); {
	case err == nil:
	case e.Code == idp.Invalid:
		out.add("person", checkFailed, "No directory knows somebody by this name.", "Check the spelling. If they are new, look whether they are in the directory yet.")
		out.add("account", checkSkipped, "There is none.", "")
		return person, false, nil
	case errors.Is(err, idp.ErrUnavailable) || e.Code == idp.Unavailable:
		out.add("person", checkFailed, "A directory does not answer: "+e.Public, "See GET /api/v1/directories, and try again.")
		out.add("account", checkSkipped, "The directory did not say.", "")
		return person, false, nil
	default:
		return person, false, err
	}
	out.User = &PreviewedPerson{person.Subject, person.Login, person.Directory, person.Status}
	out.add("person", checkPassed, fmt.Sprintf("%s is in the directory %s.", person.Login, person.Directory), "")
	text, fix := accountText(person.Status)
	result := checkPassed
	if person.Status != idp.Active {
		result = checkFailed
	}
	out.add("account", result, text, fix)
	return person, true, nil
}

func accountText(s idp.Status) (text, fix string) {
	switch s {
	case idp.Active:
		return "The account is active.", ""
	case idp.Disabled:
		return "The account is disabled.", "Enable it in the directory."
	case idp.Locked:
		return "The account is locked.", "Unlock it, in the directory or here."
	case idp.PasswordExpired:
		return "The password has expired.", "Let them set another one in the directory."
	}
	return "The account is gone from its directory.", "If they have moved to another directory, move the person there."
}

// checkAssignment says by which entry the app is theirs.
func checkAssignment(out *Access, a *idp.Assignment, p idp.Person) {
	by := assignedBy(a, p)
	groups := "They are in no group."
	if len(p.Groups) > 0 {
		groups = "They are in " + strings.Join(p.Groups, ", ") + "."
	}
	switch {
	case a == nil:
		out.add("assignment", checkPassed, "Everybody may use the app.", "")
	case by != "":
		out.add("assignment", checkPassed, "The app is assigned to them: "+by+".", "")
	case len(a.Groups) == 0:
		out.add("assignment", checkFailed, "The app is not assigned to them, nor to any group.", "Assign them, or a group of theirs.")
	default:
		out.add("assignment", checkFailed, "The app is not assigned to them. It is for the groups "+strings.Join(a.Groups, ", ")+". "+groups, "Put them into one of these groups, or assign them by name.")
	}
}

// assignedBy is the entry that lets somebody in: everybody, user ada, group Staff; "" if none.
func assignedBy(a *idp.Assignment, p idp.Person) string {
	if a == nil {
		return "everybody"
	}
	for _, user := range a.Users {
		if (&idp.Assignment{Users: []string{user}}).Allows(p) {
			return "user " + user
		}
	}
	for _, group := range a.Groups {
		if (&idp.Assignment{Groups: []string{group}}).Allows(p) {
			return "group " + group
		}
	}
	return ""
}

// checkValues looks for required rows without a value, and then at whatever else the
// protocol itself would refuse.
func (o acting) checkValues(ctx context.Context, out *Access, app anyApp, p idp.Person) error {
	for _, origin := range app.explain(p) {
		if origin.Required && origin.Value == nil {
			out.add("values", checkFailed, fmt.Sprintf("The app needs %s, and they have no value for it. %s", origin.Name, origin.Note),
				"Fill in "+cmp.Or(strings.Join(origin.Attributes, ", "), origin.Name)+" in the directory, or change the mapping.")
		}
	}
	if !out.May {
		return nil
	}
	draw, err := o.previewOf(ctx, app.id(), nil)
	if err != nil {
		return err
	}
	seen, err := draw(p.Subject)
	switch {
	case err != nil:
		return err
	case seen.Refused != "":
		out.add("values", checkFailed, seen.Refused, "See the preview of the app for this person.")
	default:
		out.add("values", checkPassed, "Every value that the app needs is there.", "")
	}
	return nil
}

func (o acting) checkConsent(ctx context.Context, out *Access, app anyApp, subject string) error {
	if app.client == nil || app.client.FirstParty {
		out.add("consent", checkPassed, "Nobody is asked for consent.", "")
		return nil
	}
	c, err := o.Records.Consent(ctx, subject, app.id())
	switch {
	case errors.Is(err, idp.ErrNotFound):
		out.add("consent", checkNoted, "They have not agreed yet, and will be asked.", "")
		return nil
	case err != nil:
		return err
	}
	out.add("consent", checkPassed, "They agreed on "+c.At.Format("2006-01-02")+" to "+strings.Join(c.Scopes, ", ")+".", "")
	return nil
}

const (
	historyDepth = 200 // Events that are looked through
	mostFailures = 5
)

// addHistory says what has become of their sign-ins to the app lately.
func (o acting) addHistory(ctx context.Context, out *Access, subject string) error {
	events, err := o.Records.Events(ctx, idp.EventFilter{App: out.App, Subject: subject}, idp.Page{Limit: historyDepth})
	refusals := append(failureEvents(), idp.EventLoginFailure, idp.EventLoginBlocked)
	for _, e := range events {
		if out.Success == nil && slices.Contains(successEvents(), e.Name) {
			out.Success = momentOf(e)
		}
		if slices.Contains(refusals, e.Name) && len(out.Failures) < mostFailures {
			out.Failures = append(out.Failures, *momentOf(e))
		}
	}
	return err
}

func (a anyApp) assigned() *idp.Assignment {
	switch {
	case a.client != nil:
		return a.client.Assigned
	case a.sp != nil:
		return a.sp.Assigned
	}
	return a.token.Assigned
}

func (a anyApp) profile() string {
	switch {
	case a.client != nil:
		return a.client.ProfileQuery
	case a.sp != nil:
		return a.sp.ProfileQuery
	}
	return a.token.ProfileQuery
}

func (a anyApp) explain(p idp.Person) []mapping.Origin {
	switch {
	case a.client != nil:
		return mapping.Explain(a.client.ClaimsMapping, p)
	case a.sp != nil:
		return mapping.ExplainAttributes(a.sp.Attributes, p)
	}
	return mapping.Explain(a.token.Claims, p)
}
