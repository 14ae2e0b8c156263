package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// NewUser is the body of POST /users.
type NewUser struct {
	Username     string                     `json:"username" minLength:"1" maxLength:"256" doc:"Unique, compared without case."`
	Email        string                     `json:"email,omitempty" maxLength:"254"`
	Password     string                     `json:"password,omitempty" maxLength:"1024" writeOnly:"true" doc:"At least 8 characters. Without one the person cannot sign in by password."`
	PasswordHash string                     `json:"password_hash,omitempty" maxLength:"2048" writeOnly:"true" doc:"In place of password: a hash that another system made (argon2, bcrypt, PBKDF2, scrypt, crypt(3), {SSHA} and relatives, phpass, Django, Keycloak, ASP.NET Identity, Firebase). The first sign-in replaces it."`
	Attributes   map[string]json.RawMessage `json:"attributes,omitempty" maxProperties:"200" doc:"Each value is a text, number, boolean or object, or an array of these."`
	Groups       []string                   `json:"groups,omitempty" maxItems:"1000"`
	Disabled     bool                       `json:"disabled,omitempty"`
	ExpiresAt    *time.Time                 `json:"expires_at,omitempty" doc:"From then on the account is as if disabled."`
}

// User is the answer about a user. A password never comes back, nor its hash.
type User struct {
	ID          string         `json:"id"`
	Username    string         `json:"username"`
	Email       string         `json:"email,omitempty"`
	HasPassword bool           `json:"has_password"`
	Attributes  map[string]any `json:"attributes" nullable:"false"`
	Groups      []string       `json:"groups" nullable:"false"`
	Disabled    bool           `json:"disabled"`
	ExpiresAt   *time.Time     `json:"expires_at,omitempty"`
	ManagedBy   idp.Managed    `json:"managed_by,omitzero" doc:"The file that keeps them: they are changed there. Absent: people keep them."`
	CreatedAt   time.Time      `json:"created_at"`
	UpdatedAt   time.Time      `json:"updated_at"`
	version     int64
}

func viewUser(u idp.User) User {
	return User{
		ExpiresAt: optional(u.ExpiresAt), ID: u.ID, Username: u.Username, Email: u.Email, HasPassword: u.PasswordHash != "", Attributes: viewAttributes(u.Attributes),
		Groups: append([]string{}, u.Groups...), Disabled: u.Disabled, ManagedBy: u.Managed, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, version: u.Version,
	}
}

// CreateUser adds a person to the built-in directory.
func (o PeopleWriter) CreateUser(ctx context.Context, in NewUser) (User, error) {
	u := idp.User{ID: idp.NewID(), Version: 1, CreatedAt: o.now(), UpdatedAt: o.now()}
	if err := o.fill(&u, in); err != nil {
		return User{}, err
	}
	return o.createUser(ctx, u)
}

func (o acting) createUser(ctx context.Context, u idp.User) (User, error) {
	if err := o.Records.CreateUser(ctx, u); err != nil {
		return User{}, taken(err)
	}
	if err := o.record(ctx, idp.Event{Name: idp.EventUserCreated, Detail: map[string]string{"user": u.ID}}); err != nil {
		return User{}, errors.Join(err, o.Records.DeleteUser(ctx, u.ID, u.Version))
	}
	return viewUser(u), nil
}

// fill writes the body into the record, after checking all of it.
func (o acting) fill(u *idp.User, in NewUser) error {
	attributes, err := parseAttributes(in.Attributes)
	err = errors.Join(checkUsername(in.Username), checkEmail(in.Email), err, checkGroups(in.Groups))
	err = errors.Join(err, checkPassword(in))
	if err != nil {
		return err
	}
	// Stored in the form that sign-in compares: a name typed as "é" is found however the
	// keyboard composed it.
	u.Username, u.Email = userdir.Username(in.Username), userdir.Username(in.Email)
	u.Attributes, u.Groups, u.Disabled, u.ExpiresAt = attributes, in.Groups, in.Disabled, time.Time{}
	if in.ExpiresAt != nil {
		u.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
	}
	switch {
	case in.PasswordHash != "":
		u.PasswordHash, u.PasswordChangedAt = in.PasswordHash, time.Time{} // nobody knows when
	case in.Password != "":
		u.PasswordHash, err = userdir.HashPassword(in.Password)
		u.PasswordChangedAt = o.now()
	}
	return err
}

func checkPassword(in NewUser) error {
	switch {
	case in.PasswordHash != "" && in.Password != "":
		return idp.Errorf(idp.Invalid, "Give a password or its hash, not both.").On("password_hash")
	case in.PasswordHash != "":
		return userdir.CheckHash(in.PasswordHash)
	case in.Password != "":
		return userdir.CheckPassword(in.Password, in.Username, in.Email)
	}
	return nil
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func taken(err error) error {
	if errors.Is(err, idp.ErrConflict) {
		return idp.Errorf(idp.Conflict, "There is a user with this username already.").On("username")
	}
	return err
}

func checkUsername(s string) error {
	if s == "" || len(s) > 256 || s != strings.TrimSpace(s) || !printable(s) {
		return idp.Errorf(idp.Invalid, "A username has 1 to 256 bytes, no control characters and no space around it.").On("username")
	}
	return nil
}

func checkEmail(s string) error {
	if s == "" {
		return nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || !printable(s) {
		return idp.Errorf(idp.Invalid, "Expected an address such as ada@example.org.").On("email")
	}
	return nil
}

func checkGroups(groups []string) error {
	for i, g := range groups {
		if g == "" || len(g) > 256 || !printable(g) {
			return idp.Errorf(idp.Invalid, "A group name has 1 to 256 bytes and no control characters.").On("groups[" + itoa(i) + "]")
		}
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unicode.IsControl) < 0
}

// User returns one user.
func (o PeopleReader) User(ctx context.Context, id string) (User, error) {
	u, err := o.Records.User(ctx, id)
	if err != nil {
		return User{}, missing(err, "user", id)
	}
	return viewUser(u), nil
}

// Users lists the built-in users by id.
func (o PeopleReader) Users(ctx context.Context, p Paging) (List[User], error) {
	page, err := p.page("users")
	if err != nil {
		return List[User]{}, err
	}
	rows, err := o.Records.Users(ctx, page)
	return list(p, rows, func(u idp.User) string { return u.ID }, viewUser), err
}

// PatchUser changes a user by a JSON merge patch. A disabled user, and one with a new
// password, loses every session and grant at once.
func (o PeopleWriter) PatchUser(ctx context.Context, id string, patch json.RawMessage, match IfMatch) (User, error) {
	u, err := o.Records.User(ctx, id)
	if err != nil {
		return User{}, missing(err, "user", id)
	}
	if err := match.check(u.Version); err != nil {
		return User{}, err
	}
	if err := u.Managed.Check("account"); err != nil {
		return User{}, err
	}
	current, err := settingsOf(u)
	if err != nil {
		return User{}, err
	}
	in, err := patched(o.schemas, current, patch)
	if err != nil {
		return User{}, err
	}
	before := u
	if dropsPassword(patch) {
		u.PasswordHash, u.PasswordChangedAt = "", time.Time{}
	}
	if err := o.fill(&u, in); err != nil {
		return User{}, err
	}
	return o.saveUser(ctx, before, u)
}

// saveUser stores a changed user.
func (o acting) saveUser(ctx context.Context, before, u idp.User) (User, error) {
	u.UpdatedAt = o.now()
	if err := o.Records.UpdateUser(ctx, u); err != nil {
		return User{}, o.userConflict(ctx, err, u)
	}
	u.Version++
	if err := o.afterChange(ctx, u, before.PasswordHash); err != nil {
		return User{}, err
	}
	return viewUser(u), o.recordUser(ctx, before, u)
}

// afterChange ends access where the change calls for it. It also does so for a user who
// was disabled before: then this is the second try after a failed first.
func (o acting) afterChange(ctx context.Context, u idp.User, hashBefore string) error {
	switch {
	case u.Disabled, !u.ExpiresAt.IsZero() && !o.now().Before(u.ExpiresAt):
		return o.endAccess(ctx, u.ID, "user_disabled")
	case u.PasswordHash != hashBefore:
		return o.endAccess(ctx, u.ID, "password_changed")
	}
	return nil
}

// userConflict tells a taken username from a change by somebody else.
func (o acting) userConflict(ctx context.Context, err error, u idp.User) error {
	if other, lookErr := o.Records.UserByUsername(ctx, u.Username); errors.Is(err, idp.ErrConflict) && lookErr == nil && other.ID != u.ID {
		return taken(err)
	}
	return missing(err, "user", u.ID)
}

// settingsOf is the document that a patch is applied to.
func settingsOf(u idp.User) (NewUser, error) {
	s := NewUser{Username: u.Username, Email: u.Email, Groups: u.Groups, Disabled: u.Disabled, ExpiresAt: optional(u.ExpiresAt), Attributes: map[string]json.RawMessage{}}
	for name, v := range viewAttributes(u.Attributes) {
		b, err := json.Marshal(v)
		if err != nil {
			return s, err
		}
		s.Attributes[name] = b
	}
	return s, nil
}

// dropsPassword reports whether the patch says "password": null.
func dropsPassword(patch []byte) bool {
	var p map[string]json.RawMessage
	return json.Unmarshal(patch, &p) == nil && string(p["password"]) == "null"
}

// DeleteUser ends the user's access and deletes the account. Their subject is never
// given to somebody else.
func (o PeopleWriter) DeleteUser(ctx context.Context, id string, match IfMatch) error {
	u, err := o.Records.User(ctx, id)
	if err != nil {
		return missing(err, "user", id)
	}
	if err := errors.Join(match.check(u.Version), u.Managed.Check("account")); err != nil {
		return err
	}
	return o.deleteUser(ctx, u, match.version(u.Version))
}

func (o acting) deleteUser(ctx context.Context, u idp.User, version int64) error {
	// Access first: if the delete fails, trying again is possible, while a deleted user's
	// sessions could not be found any more.
	if err := o.endAccess(ctx, u.ID, "user_deleted"); err != nil {
		return err
	}
	if err := o.Records.DeleteUser(ctx, u.ID, version); err != nil {
		return missing(err, "user", u.ID)
	}
	return o.record(ctx, idp.Event{Name: idp.EventUserDeleted, Detail: map[string]string{"user": u.ID}})
}
