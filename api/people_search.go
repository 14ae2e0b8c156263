package api

import (
	"context"
	"errors"

	"cloudsso/idp"
)

// People are the directories behind one door.
type People interface {
	// Person says who a subject is now. idp.ErrNotFound if there is no such subject.
	Person(ctx context.Context, subject string) (idp.Person, error)
	// PersonFor is Person with the attributes and groups of the directory's query of this name.
	PersonFor(ctx context.Context, subject, profile string) (idp.Person, error)
	// Find returns one person by subject, user name or address: whoever would sign in so.
	Find(ctx context.Context, who string) (idp.Person, error)
	// FindAll returns everybody whom a directory knows by exactly this user name or address.
	FindAll(ctx context.Context, login string) ([]idp.Person, error)
}

// PersonFound is one person of a search.
type PersonFound struct {
	Subject   string   `json:"subject"`
	Login     string   `json:"login" doc:"User name in their directory."`
	Name      string   `json:"name,omitempty"`
	Email     string   `json:"email,omitempty"`
	Directory string   `json:"directory"`
	User      string   `json:"user,omitempty" doc:"Their id as a built-in user, if they are one."`
	Status    string   `json:"status" enum:"active,disabled,locked,password_expired,gone"`
	Groups    []string `json:"groups" nullable:"false"`
	Admin     string   `json:"admin,omitempty" doc:"Their role, if they are an admin."`
}

// mostFound is what a search shows at most: whoever is not among these is found by
// typing more.
const mostFound = 50

// SearchPeople finds people by their subject, by a part of the user name or address of
// built-in users, and by the whole of it in every other directory.
func (o PeopleReader) SearchPeople(ctx context.Context, query string) (List[PersonFound], error) {
	out := List[PersonFound]{Items: []PersonFound{}}
	found, err := o.found(ctx, query)
	seen := map[string]bool{}
	for _, p := range found {
		if !seen[p.Subject] {
			seen[p.Subject] = true
			out.Items = append(out.Items, o.viewFound(ctx, p))
		}
	}
	return out, err
}

func (o acting) found(ctx context.Context, query string) (people []idp.Person, err error) {
	p, err := o.person(ctx, query)
	if err == nil {
		return []idp.Person{p}, nil
	}
	if !errors.Is(err, idp.ErrNotFound) {
		return nil, err
	}
	users, err := o.Records.SearchUsers(ctx, query, mostFound)
	for _, u := range users {
		subject, err := o.subjectOf(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		p, err := o.person(ctx, subject)
		if err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	if err != nil {
		return nil, err
	}
	others, err := o.People.FindAll(ctx, query)
	if len(people) > 0 {
		err = nil // a directory that is down hides nobody else
	}
	return append(people, others...), err
}

// FindPerson returns one person as a search shows them.
func (o PeopleReader) FindPerson(ctx context.Context, subject string) (PersonFound, error) {
	p, err := o.person(ctx, subject)
	if err != nil {
		return PersonFound{}, missing(err, "person", subject)
	}
	return o.viewFound(ctx, p), nil
}

func (o acting) viewFound(ctx context.Context, p idp.Person) PersonFound {
	v := PersonFound{
		Subject: p.Subject, Login: p.Login, Name: p.Attributes.First("name"), Email: p.Attributes.First("email"),
		Directory: p.Directory, Status: string(p.Status), Groups: append([]string{}, p.Groups...),
	}
	if p.Directory == o.LocalDirectory {
		v.User = p.DirectoryID
	}
	if a, err := o.Records.Admin(ctx, p.Subject); err == nil {
		v.Admin = a.Role
	}
	return v
}

var errNoDirectories = idp.Errorf(idp.Unavailable, "The directories are not open here. Ask the running server.")

// person asks the directory who a subject is.
func (o acting) person(ctx context.Context, subject string) (idp.Person, error) {
	if o.People == nil {
		return idp.Person{}, errNoDirectories
	}
	return o.People.Person(ctx, subject)
}
