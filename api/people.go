package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// Person is the answer about one subject: who it is in the directories.
type Person struct {
	Subject string       `json:"subject"`
	Links   []PersonLink `json:"links" nullable:"false" doc:"The person's accounts. Each signs in as this subject; the first says who they are and whether they may."`
}

// PersonLink is an account in one directory.
type PersonLink struct {
	Directory   string `json:"directory" minLength:"1" maxLength:"32"`
	DirectoryID string `json:"directory_id" minLength:"1" maxLength:"1024" doc:"The stable id there."`
}

// Merge is the body of POST /people/{id}/merge.
type Merge struct {
	From string `json:"from" minLength:"1" maxLength:"256" doc:"The subject that ends. Its accounts are this person's from now on; its consents, factors and pairwise ids stay behind."`
}

// Person returns the accounts of a subject.
func (o PeopleReader) Person(ctx context.Context, subject string) (Person, error) {
	links, err := o.links(ctx, subject, "")
	p := Person{Subject: subject, Links: []PersonLink{}}
	for _, l := range links {
		p.Links = append(p.Links, PersonLink(l))
	}
	return p, err
}

func (o acting) links(ctx context.Context, subject, field string) ([]idp.SubjectLink, error) {
	links, err := o.Records.SubjectLinks(ctx, subject)
	if err != nil {
		return nil, err
	}
	if len(links) == 0 {
		code := idp.NotFound
		if field != "" {
			code = idp.Invalid
		}
		return nil, idp.Errorf(code, "There is no person %q.", subject).On(field)
	}
	return links, nil
}

// MergePeople makes the accounts of one person another's. That one stays who they are;
// the directory that says so stays the same too. Whoever was signed in as the person that
// ends is signed out.
func (o PeopleWriter) MergePeople(ctx context.Context, subject string, in Merge) (Person, error) {
	if in.From == subject {
		return Person{}, idp.Errorf(idp.Invalid, "A person cannot be merged with themselves.").On("from")
	}
	kept, err := o.links(ctx, subject, "")
	if err != nil {
		return Person{}, err
	}
	moved, err := o.links(ctx, in.From, "from")
	if err != nil {
		return Person{}, err
	}
	// The Event comes first: a merge that is on no record must not happen.
	if err := o.record(ctx, idp.Event{Name: idp.EventPersonMerged, Subject: subject, Detail: map[string]string{"from": in.From}}); err != nil {
		return Person{}, err
	}
	if err := o.endSubject(ctx, in.From, "merged"); err != nil {
		return Person{}, err
	}
	slices.Reverse(moved) // the newest stays the newest of them
	for _, l := range append(moved, kept[0]) {
		if err := o.Records.MoveSubject(ctx, l.Directory, l.DirectoryID, subject); err != nil {
			return Person{}, err
		}
	}
	return o.Person(ctx, subject)
}

// MovePerson makes an account of a directory, known or not, the one that says who a
// person is: they have moved there. Whoever that account was before is signed out.
func (o PeopleWriter) MovePerson(ctx context.Context, subject string, to PersonLink) (Person, error) {
	if _, err := o.links(ctx, subject, ""); err != nil {
		return Person{}, err
	}
	switch _, err := o.Directories.LookupIn(ctx, to.Directory, userdir.Ref{ID: to.DirectoryID, Fresh: true}); {
	case errors.Is(err, userdir.ErrNotFound):
		return Person{}, idp.Errorf(idp.Invalid, "The directory %s has nobody with this id.", to.Directory).On("directory_id")
	case idp.AsError(err).Code == idp.NotFound && err != nil:
		return Person{}, idp.Errorf(idp.Invalid, "There is no directory %q.", to.Directory).On("directory")
	case err != nil:
		return Person{}, err
	}
	before, err := o.Records.Subject(ctx, to.Directory, to.DirectoryID, idp.NewID())
	if err != nil {
		return Person{}, err
	}
	detail := map[string]string{"directory": to.Directory, "directory_id": to.DirectoryID, "was": before}
	if err := o.record(ctx, idp.Event{Name: idp.EventPersonMoved, Subject: subject, Detail: detail}); err != nil {
		return Person{}, err
	}
	if before != subject {
		if err := o.endSubject(ctx, before, "moved"); err != nil {
			return Person{}, err
		}
	}
	if err := o.Records.MoveSubject(ctx, to.Directory, to.DirectoryID, subject); err != nil {
		return Person{}, err
	}
	return o.Person(ctx, subject)
}

type (
	mergeInput struct {
		Caller
		ID   string `path:"id" maxLength:"256" doc:"A subject."`
		Body Merge
	}
	moveInput struct {
		Caller
		ID   string `path:"id" maxLength:"256" doc:"A subject."`
		Body PersonLink
	}
	personAnswer struct{ Body Person }
)

func (a *Admin) peopleRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/people/{id}", "read-person", "Show which accounts a subject is", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *readInput) (*personAnswer, error) {
			p, err := o.Person(ctx, in.ID)
			return &personAnswer{p}, err
		})
	handleFor(api, Actor.PeopleWriter, http.MethodPost, "/people/{id}/merge", "merge-people", "Make another subject's accounts this person's", http.StatusOK,
		func(ctx context.Context, o PeopleWriter, in *mergeInput) (*personAnswer, error) {
			p, err := o.MergePeople(ctx, in.ID, in.Body)
			return &personAnswer{p}, err
		})
	handleFor(api, Actor.PeopleWriter, http.MethodPost, "/people/{id}/move", "move-person", "Make an account of a directory the one that this person is", http.StatusOK,
		func(ctx context.Context, o PeopleWriter, in *moveInput) (*personAnswer, error) {
			p, err := o.MovePerson(ctx, in.ID, in.Body)
			return &personAnswer{p}, err
		})
}
