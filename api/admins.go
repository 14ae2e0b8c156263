package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cloudsso/idp"
)

// AdminSettings is what can be changed about an admin.
type AdminSettings struct {
	Role string   `json:"role" enum:"owner,app_admin,help_desk,auditor"`
	Apps []string `json:"apps,omitempty" maxItems:"200" doc:"For app_admin: the client_ids and slugs of their apps."`
}

// NewAdmin is the body of POST /admins: who, by subject or as the user name of a built-in
// user.
type NewAdmin struct {
	Subject  string `json:"subject,omitempty" maxLength:"256" doc:"Our id of the person, as in GET /people."`
	Username string `json:"username,omitempty" maxLength:"256" doc:"User name of a built-in user, instead of subject."`
	AdminSettings
}

// AdminPerson is the answer about an admin.
type AdminPerson struct {
	Subject   string `json:"subject"`
	Login     string `json:"login,omitempty" doc:"User name in their directory, if that is known here."`
	Directory string `json:"directory,omitempty"`
	AdminSettings
	CreatedBy string    `json:"created_by,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	version   int64
}

// ETag is the value for If-Match of a change to what was read.
func (a AdminPerson) ETag() IfMatch { return IfMatch(etag(a.version)) }

// viewAdmin names the person. A directory that does not answer leaves their name out.
func (o acting) viewAdmin(ctx context.Context, a idp.Admin) AdminPerson {
	v := AdminPerson{
		Subject: a.Subject, AdminSettings: AdminSettings{a.Role, a.Apps},
		CreatedBy: a.CreatedBy, CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt, version: a.Version,
	}
	if p, err := o.person(ctx, a.Subject); err == nil {
		v.Login, v.Directory = p.Login, p.Directory
	}
	return v
}

// CreateAdmin lets a person into the console.
func (o AdminsWriter) CreateAdmin(ctx context.Context, in NewAdmin) (AdminPerson, error) {
	if err := checkAdmin(in.AdminSettings); err != nil {
		return AdminPerson{}, err
	}
	subject, err := o.newAdmin(ctx, in)
	if err != nil {
		return AdminPerson{}, err
	}
	isAdmin := idp.Errorf(idp.Conflict, "This person is an admin already. Change their role instead.").On("subject")
	if _, err := o.Records.Admin(ctx, subject); err == nil {
		return AdminPerson{}, isAdmin
	}
	a := idp.Admin{Subject: subject, Role: in.Role, Apps: in.Apps, CreatedBy: o.actor, Version: 1, CreatedAt: o.now(), UpdatedAt: o.now()}
	// The Event comes first: nobody becomes an admin without a trace.
	if err := o.record(ctx, adminEvent(idp.EventAdminCreated, a)); err != nil {
		return AdminPerson{}, err
	}
	if err := o.Records.CreateAdmin(ctx, a); errors.Is(err, idp.ErrConflict) {
		return AdminPerson{}, isAdmin
	} else if err != nil {
		return AdminPerson{}, err
	}
	return o.viewAdmin(ctx, a), nil
}

func checkAdmin(s AdminSettings) error {
	return checkRole(s.Role, s.Apps, RoleOwner, RoleAppAdmin, RoleHelpDesk, RoleAuditor)
}

// newAdmin finds the person who is to be an admin.
func (o acting) newAdmin(ctx context.Context, in NewAdmin) (subject string, err error) {
	switch {
	case (in.Subject == "") == (in.Username == ""):
		return "", idp.Errorf(idp.Invalid, "Give one of: subject, or username of a built-in user.").On("subject")
	case in.Subject != "":
		_, _, err := o.Records.SubjectOwner(ctx, in.Subject)
		if errors.Is(err, idp.ErrNotFound) {
			err = idp.Errorf(idp.Invalid, "There is no person %q.", in.Subject).On("subject")
		}
		return in.Subject, err
	}
	u, err := o.Records.UserByUsername(ctx, in.Username)
	if errors.Is(err, idp.ErrNotFound) {
		return "", idp.Errorf(idp.Invalid, "There is no built-in user %q.", in.Username).On("username")
	}
	if err != nil {
		return "", err
	}
	return o.subjectOf(ctx, u.ID)
}

// AdminPerson returns one admin.
func (o AdminsReader) AdminPerson(ctx context.Context, subject string) (AdminPerson, error) {
	a, err := o.Records.Admin(ctx, subject)
	if err != nil {
		return AdminPerson{}, missing(err, "admin", subject)
	}
	return o.viewAdmin(ctx, a), nil
}

// AdminPeople lists the admins by subject.
func (o AdminsReader) AdminPeople(ctx context.Context, p Paging) (List[AdminPerson], error) {
	page, err := p.page("admins")
	if err != nil {
		return List[AdminPerson]{}, err
	}
	rows, err := o.Records.Admins(ctx, page)
	return list(p, rows, func(a idp.Admin) string { return a.Subject }, func(a idp.Admin) AdminPerson { return o.viewAdmin(ctx, a) }), err
}

// PatchAdmin changes the role of an admin by a JSON merge patch.
func (o AdminsWriter) PatchAdmin(ctx context.Context, subject string, patch json.RawMessage, match IfMatch) (AdminPerson, error) {
	a, err := o.Records.Admin(ctx, subject)
	if err != nil {
		return AdminPerson{}, missing(err, "admin", subject)
	}
	if err := match.check(a.Version); err != nil {
		return AdminPerson{}, err
	}
	s, err := patched(o.schemas, AdminSettings{a.Role, a.Apps}, patch)
	if err != nil {
		return AdminPerson{}, err
	}
	return o.ReplaceAdmin(ctx, subject, s, IfMatch(etag(a.Version)))
}

// ReplaceAdmin changes the role of an admin.
func (o AdminsWriter) ReplaceAdmin(ctx context.Context, subject string, s AdminSettings, match IfMatch) (AdminPerson, error) {
	a, err := o.Records.Admin(ctx, subject)
	if err != nil {
		return AdminPerson{}, missing(err, "admin", subject)
	}
	if err := match.check(a.Version); err != nil {
		return AdminPerson{}, err
	}
	if err := checkAdmin(s); err != nil {
		return AdminPerson{}, err
	}
	if s.Role != RoleOwner {
		if err := o.notLast(ctx, a); err != nil {
			return AdminPerson{}, err
		}
	}
	was := AdminSettings{a.Role, a.Apps}
	a.Role, a.Apps, a.UpdatedAt = s.Role, s.Apps, o.now()
	if err := o.recordChange(ctx, adminEvent(idp.EventAdminUpdated, a), was, s); err != nil {
		return AdminPerson{}, err
	}
	if err := o.Records.UpdateAdmin(ctx, a); err != nil {
		return AdminPerson{}, missing(err, "admin", subject)
	}
	a.Version++
	return o.viewAdmin(ctx, a), nil
}

// DeleteAdmin takes the role away. The person stays.
func (o AdminsWriter) DeleteAdmin(ctx context.Context, subject string, match IfMatch) error {
	a, err := o.Records.Admin(ctx, subject)
	if err != nil {
		return missing(err, "admin", subject)
	}
	if err := match.check(a.Version); err != nil {
		return err
	}
	if err := o.notLast(ctx, a); err != nil {
		return err
	}
	if err := o.Records.DeleteAdmin(ctx, subject, match.version(a.Version)); err != nil {
		return missing(err, "admin", subject)
	}
	return o.record(ctx, adminEvent(idp.EventAdminDeleted, a))
}

// notLast keeps one owner: nobody else could make another one in the console.
func (o acting) notLast(ctx context.Context, a idp.Admin) error {
	if a.Role != RoleOwner {
		return nil
	}
	others, err := o.owners(ctx, a.Subject)
	if err == nil && !others {
		err = idp.Errorf(idp.Conflict, "This is the last owner. Make somebody else an owner first.")
	}
	return err
}

// owners reports whether there is an owner other than this one.
func (o acting) owners(ctx context.Context, except string) (bool, error) {
	for after := ""; ; {
		rows, err := o.Records.Admins(ctx, idp.Page{After: after, Limit: 100})
		if err != nil || len(rows) == 0 {
			return false, err
		}
		for _, a := range rows {
			if a.Role == RoleOwner && a.Subject != except {
				return true, nil
			}
		}
		after = rows[len(rows)-1].Subject
	}
}

func adminEvent(name string, a idp.Admin) idp.Event {
	e := idp.Event{Name: name, Subject: a.Subject, Detail: map[string]string{"role": a.Role}}
	if len(a.Apps) > 0 {
		e.Detail["apps"] = strings.Join(a.Apps, " ")
	}
	return e
}
