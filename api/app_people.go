package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
)

// Bounds of a report.
const (
	mostReported   = 5000  // people
	mostReportRead = 20000 // Events
)

// AppPeople says who can use an app, and who last did.
type AppPeople struct {
	Items    []AppPerson `json:"items" nullable:"false" doc:"By user name."`
	Complete bool        `json:"complete" doc:"false: there are more people or sign-ins than one report reads."`
	Note     string      `json:"note" doc:"Whom the report can know of."`
}

// AppPerson is one person of the report.
type AppPerson struct {
	Subject   string     `json:"subject"`
	Username  string     `json:"username"`
	Name      string     `json:"name,omitempty"`
	Email     string     `json:"email,omitempty"`
	Directory string     `json:"directory"`
	Status    idp.Status `json:"status" enum:"active,disabled,locked,password_expired,gone"`
	May       bool       `json:"may" doc:"They may use the app now."`
	By        string     `json:"by,omitempty" doc:"What lets them: everybody, user …, group …."`
	LastUsed  *time.Time `json:"last_used,omitempty" doc:"Their last sign-in to the app. Absent: none that is on record."`
	Support   string     `json:"support_code,omitempty" doc:"Of that sign-in."`
}

const reportNote = "Built-in users, and everybody of whatever directory who has signed in to the app. Other directories cannot be listed."

// AppPeople reports who can use an app and who last used it: built-in users who may, and
// everybody who has signed in to it, whether they still may or not.
func (o PeopleReader) AppPeople(ctx context.Context, id string) (AppPeople, error) {
	app, err := o.app(ctx, id)
	if err != nil {
		return AppPeople{}, err
	}
	if o.People == nil {
		return AppPeople{}, errNoDirectories
	}
	used, whole, err := o.lastUses(ctx, app.id())
	if err != nil {
		return AppPeople{}, err
	}
	out := AppPeople{Items: []AppPerson{}, Complete: whole, Note: reportNote}
	seen := map[string]bool{}
	add := func(subject string) error {
		if seen[subject] || len(out.Items) >= mostReported {
			out.Complete = out.Complete && seen[subject]
			return nil
		}
		seen[subject] = true
		p, err := o.reported(ctx, app, subject, used)
		if err == nil && (p.May || p.LastUsed != nil) {
			out.Items = append(out.Items, p)
		}
		return err
	}
	for subject := range used {
		if err := add(subject); err != nil {
			return AppPeople{}, err
		}
	}
	if err := o.eachUser(ctx, add); err != nil {
		return AppPeople{}, err
	}
	slices.SortFunc(out.Items, func(a, b AppPerson) int {
		return strings.Compare(strings.ToLower(a.Username)+a.Subject, strings.ToLower(b.Username)+b.Subject)
	})
	return out, nil
}

// lastUses are the newest sign-ins of each person to an app.
func (o acting) lastUses(ctx context.Context, app string) (used map[string]idp.Event, whole bool, err error) {
	used = map[string]idp.Event{}
	page := idp.Page{Limit: exportPage}
	for read := 0; read < mostReportRead; read += page.Limit {
		events, err := o.Records.Events(ctx, idp.EventFilter{App: app}, page)
		if err != nil {
			return nil, false, err
		}
		for _, e := range events {
			if _, known := used[e.Subject]; !known && e.Subject != "" && slices.Contains(successEvents(), e.Name) {
				used[e.Subject] = e
			}
			page.After = e.ID
		}
		if len(events) < page.Limit {
			return used, true, nil
		}
	}
	return used, false, nil
}

// eachUser calls f with the subject of every built-in user.
func (o acting) eachUser(ctx context.Context, f func(subject string) error) error {
	for page := (idp.Page{Limit: exportPage}); ; {
		users, err := o.Records.Users(ctx, page)
		if err != nil {
			return err
		}
		for _, u := range users {
			subject, err := o.subjectOf(ctx, u.ID)
			if err == nil {
				err = f(subject)
			}
			if err != nil {
				return err
			}
			page.After = u.ID
		}
		if len(users) < page.Limit {
			return nil
		}
	}
}

// reported is one line. Somebody whom no directory knows any more is gone.
func (o acting) reported(ctx context.Context, app anyApp, subject string, used map[string]idp.Event) (AppPerson, error) {
	person, err := o.People.PersonFor(ctx, subject, app.profile())
	if errors.Is(err, idp.ErrNotFound) {
		person, err = idp.Person{Subject: subject, Status: idp.Gone}, nil
	}
	if err != nil {
		return AppPerson{}, err
	}
	p := AppPerson{
		Subject: subject, Username: person.Login, Name: person.Attributes.First("name"), Email: person.Attributes.First("email"),
		Directory: person.Directory, Status: person.Status,
	}
	if person.Status == idp.Active {
		p.By = assignedBy(app.assigned(), person)
		p.May = p.By != "" && !o.summary(app).Disabled
	}
	if e, ok := used[subject]; ok {
		p.LastUsed, p.Support = &e.Time, e.Support
	}
	return p, nil
}
