package ldap

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// entry is one entry, its attributes under lower-case names: servers may write them as
// they like (RFC 4512 §2.5).
type entry struct {
	dn         string
	attributes map[string][][]byte
	names      map[string]string // as the server wrote them
}

func newEntry(e *goldap.Entry) entry {
	out := entry{e.DN, make(map[string][][]byte), make(map[string]string)}
	for _, a := range e.Attributes {
		key := strings.ToLower(a.Name)
		out.attributes[key] = append(out.attributes[key], a.ByteValues...)
		out.names[key] = a.Name
	}
	return out
}

func (e entry) values(name string) [][]byte {
	key := strings.ToLower(name)
	if v := e.attributes[key]; len(v) > 0 {
		return v
	}
	return e.attributes[key+";binary"] // RFC 4522
}

func (e entry) first(name string) (string, bool) {
	if v := e.values(name); len(v) > 0 {
		return string(v[0]), true
	}
	return "", false
}

// partial finds an attribute that came in a range: its name as a key, the plain one, and
// where to go on, "" after the last range.
func (e entry) partial() (name, base, next string) {
	for key := range e.attributes {
		plain, bounds, ok := strings.Cut(key, ";range=")
		if !ok {
			continue
		}
		base, _, _ = strings.Cut(e.names[key], ";")
		if plain != strings.ToLower(base) {
			base = plain
		}
		_, last, _ := strings.Cut(bounds, "-")
		if n, err := strconv.ParseUint(last, 10, 32); err == nil {
			next = strconv.FormatUint(n+1, 10)
		}
		return key, base, next
	}
	return "", "", ""
}

// rename adds the values of a ranged attribute to the plain one.
func (e entry) rename(key, base string) {
	plain := strings.ToLower(base)
	e.attributes[plain] = append(e.attributes[plain], e.attributes[key]...)
	e.names[plain] = base
	delete(e.attributes, key)
	delete(e.names, key)
}

// statusAttributes are asked for besides what the administrator wants.
var statusAttributes = []string{adControl, adComputed, adExpires, adLockout, adPassword, lockedTime, mustChange, "nsAccountLock", "loginDisabled"}

const (
	lockedTime = "pwdAccountLockedTime" // draft-behera-ldap-password-policy-10 §5.3.3
	mustChange = "pwdReset"
)

func wanted(o Options) []string {
	names := slices.Concat(statusAttributes, []string{o.IDAttribute, o.LoginAttribute, o.EmailAttribute})
	for _, extra := range []string{o.DisabledAttribute, o.Groups.MemberOf} {
		if extra != "" {
			names = append(names, extra)
		}
	}
	for _, a := range o.Attributes {
		names = append(names, a.From)
	}
	if len(o.Attributes) == 0 {
		names = append(names, "*")
	}
	return names
}

// user turns an entry into a person.
func (d *Directory) user(ctx context.Context, c *conn, e entry) (userdir.User, error) {
	e = entry{e.dn, maps.Clone(e.attributes), maps.Clone(e.names)} // it may be tried again on another connection
	if err := d.whole(ctx, c, e); err != nil {
		return userdir.User{}, d.orBroken(ctx, c, err)
	}
	id, err := d.id(e)
	if err != nil {
		return userdir.User{}, err
	}
	login, ok := e.first(d.o.LoginAttribute)
	if login = userdir.Username(login); !ok || login == "" || !utf8.ValidString(login) {
		return userdir.User{}, userdir.Malformed(d.o.ID, d.o.LoginAttribute, "the entry has no user name")
	}
	u := userdir.User{ID: id, Login: login}
	if u.Status, err = d.status(e); err != nil {
		return userdir.User{}, err
	}
	if u.Attributes, err = d.attributes(e, login); err != nil {
		return userdir.User{}, err
	}
	if u.Groups, err = d.groups(ctx, c, e, login); err != nil {
		return userdir.User{}, d.orBroken(ctx, c, err)
	}
	return u, nil
}

// orBroken leaves the errors of a broken connection to whoever can try another one.
func (d *Directory) orBroken(ctx context.Context, c *conn, err error) error {
	if c.broken || errors.Is(err, userdir.ErrUnavailable) {
		return err
	}
	return d.unavailable(ctx, err)
}

func (d *Directory) id(e entry) (string, error) {
	values := e.values(d.o.IDAttribute)
	if len(values) != 1 {
		return "", userdir.Malformed(d.o.ID, d.o.IDAttribute, "the entry has %d ids instead of one", len(values))
	}
	if isGUID(d.o.IDAttribute) {
		id, err := formatGUID(values[0])
		if err != nil {
			return "", userdir.Malformed(d.o.ID, d.o.IDAttribute, "%v", err)
		}
		return id, nil
	}
	id := string(values[0])
	if id == "" || len(id) > 256 || !utf8.ValidString(id) {
		return "", userdir.Malformed(d.o.ID, d.o.IDAttribute, "the id is empty, too long or not text")
	}
	return id, nil
}

func (d *Directory) status(e entry) (idp.Status, error) {
	if d.o.DisabledAttribute != "" && e.hasOne(d.o.DisabledAttribute, d.o.DisabledValues...) || e.hasOne("nsAccountLock", "TRUE") || e.hasOne("loginDisabled", "TRUE") {
		return idp.Disabled, nil
	}
	if s, err := d.adStatus(e); err != nil || s != idp.Active {
		return s, err
	}
	if since, ok := e.first(lockedTime); ok {
		locked, err := d.lockedSince(since)
		if err != nil || locked {
			return idp.Locked, err
		}
	}
	if e.hasOne(mustChange, "TRUE") {
		return idp.PasswordExpired, nil
	}
	return idp.Active, nil
}

func (e entry) hasOne(name string, wanted ...string) bool {
	return slices.ContainsFunc(e.values(name), func(v []byte) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return strings.EqualFold(w, string(v)) })
	})
}

// lockedSince: 000001010000Z is a lock without end.
func (d *Directory) lockedSince(since string) (bool, error) {
	if strings.HasPrefix(since, "00000101") {
		return true, nil
	}
	t, err := ber.ParseGeneralizedTime([]byte(since))
	if err != nil {
		return false, userdir.Malformed(d.o.ID, lockedTime, "it is not a time")
	}
	return d.o.Now().Before(t.Add(d.o.LockoutDuration)), nil
}

// secrets are never taken, not even by name: attributes end in tokens.
var secrets = []string{"userpassword", "authpassword", "unicodepwd", "dbcspwd", "lmpwdhistory", "ntpwdhistory", "supplementalcredentials", "sambantpassword", "sambalmpassword",
	"krbprincipalkey", "ipanthash", "pwdhistory", "ms-mcs-admpwd", "mslaps-password"}

func (d *Directory) attributes(e entry, login string) (idp.Attributes, error) {
	rows := d.o.Attributes
	if len(rows) == 0 {
		for _, name := range e.names {
			rows = append(rows, Attribute{From: name})
		}
	}
	out := make(idp.Attributes)
	for _, row := range rows {
		if slices.Contains(secrets, strings.ToLower(row.From)) {
			continue
		}
		name := row.Name
		if name == "" {
			name = row.From
		}
		for _, raw := range e.values(row.From) {
			v, err := converters[row.Type](raw)
			if err != nil {
				return nil, userdir.Malformed(d.o.ID, row.From, "%s cannot be read as %s: %v", row.From, row.Type, err)
			}
			out[name] = append(out[name], v)
		}
	}
	out["username"] = []any{login}
	if email, ok := e.first(d.o.EmailAttribute); ok && email != "" {
		out["email"] = []any{email}
	}
	return out, nil
}

// converters make a value of each type of [Attribute].
var converters = map[string]func([]byte) (any, error){
	"": text, "text": text, "number": number, "boolean": boolean, "json": object,
	"binary":   func(b []byte) (any, error) { return base64.StdEncoding.EncodeToString(b), nil },
	"guid":     func(b []byte) (any, error) { return formatGUID(b) },
	"time":     generalized,
	"filetime": fileTime,
}

func text(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return base64.StdEncoding.EncodeToString(b), nil
	}
	return string(b), nil
}

func number(b []byte) (any, error) {
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, errors.New("it is not a number")
	}
	return f, nil
}

func boolean(b []byte) (any, error) {
	switch strings.ToUpper(string(b)) {
	case "TRUE":
		return true, nil
	case "FALSE":
		return false, nil
	}
	return nil, errors.New("it is neither TRUE nor FALSE")
}

func object(b []byte) (any, error) {
	var m map[string]any
	if json.Unmarshal(b, &m) != nil || m == nil {
		return nil, errors.New("it is not a JSON object")
	}
	return m, nil
}

func generalized(b []byte) (any, error) {
	t, err := ber.ParseGeneralizedTime(b)
	if err != nil {
		return nil, errors.New("it is not a generalized time")
	}
	return t.UTC().Format(time.RFC3339), nil
}

func fileTime(b []byte) (any, error) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return nil, errors.New("it is not a file time")
	}
	return filetime(n).Format(time.RFC3339), nil
}
