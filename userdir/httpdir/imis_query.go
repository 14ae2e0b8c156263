package httpdir

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
)

// byLogin runs a query that takes a user name and finds whom it means.
func (d *IMIS) byLogin(ctx context.Context, query, login string) (userdir.User, error) {
	rows, err := d.query(ctx, query, login)
	if err != nil {
		return userdir.User{}, err
	}
	if len(rows) == 0 {
		return userdir.User{}, userdir.ErrNotFound
	}
	people := make(map[string]idp.Attributes)
	var byName []string
	for _, row := range rows {
		name, id := row.First(d.o.LoginColumn), row.First(d.idColumn())
		// Attack: a query that loses its parameter gives one and the same row to everybody.
		// Decision: a row counts only for the user name or the address that was asked for.
		switch {
		case name == "":
			return userdir.User{}, userdir.Malformed(d.o.ID, d.o.LoginColumn, "the query %s gave no such column", query)
		case id == "":
			return userdir.User{}, userdir.Malformed(d.o.ID, d.idColumn(), "the query %s gave no such column", query)
		case !userdir.Same(name, login) && !userdir.Same(row.First(d.o.EmailColumn), login):
			return userdir.User{}, userdir.Malformed(d.o.ID, d.o.LoginColumn, "the query %s gave a row of somebody else", query)
		case people[id] != nil:
			return userdir.User{}, d.notOne(len(rows))
		}
		people[id] = row
		if userdir.Same(name, login) {
			byName = append(byName, id)
		}
	}
	switch {
	case len(byName) == 1:
		return d.user(people[byName[0]]), nil
	case len(rows) == 1:
		return d.user(rows[0]), nil
	}
	return userdir.User{}, errAmbiguous
}

func (d *IMIS) idColumn() string {
	if d.o.IDColumn == "" {
		return d.o.LoginColumn
	}
	return d.o.IDColumn
}

func (d *IMIS) notOne(n int) error {
	return userdir.Malformed(d.o.ID, "Items.$values", "%d rows for one person, instead of exactly one", n)
}

func (d *IMIS) user(row idp.Attributes) userdir.User {
	u := userdir.User{ID: row.First(d.idColumn()), Login: userdir.Username(row.First(d.o.LoginColumn)), Status: idp.Active}
	if d.o.IDColumn == "" {
		u.ID = idp.FoldUsername(u.Login)
	}
	if d.o.DisabledColumn != "" && slices.ContainsFunc(d.o.DisabledValues, func(s string) bool { return strings.EqualFold(s, row.First(d.o.DisabledColumn)) }) {
		u.Status = idp.Disabled
	}
	if d.o.GroupsColumn != "" {
		for _, v := range row[d.o.GroupsColumn] {
			for _, name := range strings.Split(idp.Text(v), ",") {
				if name = strings.TrimSpace(name); name != "" {
					u.Groups = append(u.Groups, name)
				}
			}
		}
	}
	u.Attributes = named(row, u.Login, row.First(d.o.EmailColumn))
	return u
}

// query runs a named query with its one parameter.
func (d *IMIS) query(ctx context.Context, name, parameter string) ([]idp.Attributes, error) {
	status, body, err := d.ask(ctx, name, parameter, false)
	if err == nil && status == http.StatusUnauthorized { // the token was revoked before its time
		status, body, err = d.ask(ctx, name, parameter, true)
	}
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, d.call.strange("query "+name, status)
	}
	return d.rows(body)
}

func (d *IMIS) ask(ctx context.Context, name, parameter string, renew bool) (int, []byte, error) {
	token, err := d.serviceToken(ctx, renew)
	if err != nil {
		return 0, nil, err
	}
	address := d.o.BaseURL + d.o.QueryPath + "?" + url.Values{"QueryName": {name}, "parameter": {parameter}}.Encode()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return d.call.do(ctx, r)
}

// serviceToken signs the query account in, once for many queries.
func (d *IMIS) serviceToken(ctx context.Context, renew bool) (string, error) {
	d.mu.Lock()
	token, good := d.token, d.o.Now().Before(d.expires)
	d.mu.Unlock()
	if good && !renew {
		return token, nil
	}
	token, lifetime, err := d.signIn(ctx, d.o.Username, d.o.Password.Reveal())
	if err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		// Whatever is wrong with the query account, it is nothing about the person.
		return "", fmt.Errorf("directory %s: %w: the query account cannot sign in: %s", d.o.ID, userdir.ErrUnavailable, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.token, d.expires = token, d.o.Now().Add(min(lifetime, time.Hour)-time.Minute)
	return token, nil
}

// signIn asks the token endpoint whether a password is right.
func (d *IMIS) signIn(ctx context.Context, username, password string) (token string, lifetime time.Duration, err error) {
	r, err := http.NewRequest(http.MethodPost, d.o.BaseURL+"/token", credentials(username, password))
	if err != nil {
		return "", 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body, err := d.call.do(ctx, r)
	if err != nil {
		return "", 0, err
	}
	var answer struct {
		AccessToken string      `json:"access_token"`
		ExpiresIn   json.Number `json:"expires_in"`
		UserName    string      `json:"userName"`
		Error       string      `json:"error"`
		Description string      `json:"error_description"`
	}
	switch status {
	case http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
		if err := userdir.DecodeJSON(body, &answer); err != nil {
			return "", 0, userdir.Malformed(d.o.ID, wrongType(err), "the token endpoint: %v", err)
		}
	default:
		return "", 0, d.call.strange("token endpoint", status)
	}
	if status != http.StatusOK {
		return "", 0, d.refused(status, answer.Error, answer.Description)
	}
	switch {
	case answer.AccessToken == "":
		return "", 0, userdir.Malformed(d.o.ID, "access_token", "the token endpoint gave none")
	case answer.UserName != "" && !userdir.Same(answer.UserName, username):
		return "", 0, userdir.Malformed(d.o.ID, "userName", "the token is somebody else's")
	}
	seconds, _ := answer.ExpiresIn.Int64() // without one, the token is asked for each time
	return answer.AccessToken, time.Duration(min(max(seconds, 0), 86400)) * time.Second, nil
}

func (d *IMIS) refused(status int, code, description string) error {
	text := strings.ToLower(code + " " + description)
	for _, r := range d.o.Refusals {
		if strings.Contains(text, strings.ToLower(r.Contains)) {
			return means[r.Means]
		}
	}
	switch {
	case code == "invalid_grant": // RFC 6749 §5.2
		return userdir.ErrInvalidCredentials
	case code == "":
		return userdir.Malformed(d.o.ID, "error", "the token endpoint answered with status %d and no error", status)
	}
	return d.call.strange("token endpoint", status)
}

// rows reads the answer to a query: objects, or lists of properties (iMIS 2017).
func (d *IMIS) rows(body []byte) ([]idp.Attributes, error) {
	var answer struct {
		Items *struct {
			Values *[]map[string]any `json:"$values"`
		}
		HasNext bool
	}
	if err := userdir.DecodeJSON(body, &answer); err != nil {
		return nil, userdir.Malformed(d.o.ID, wrongType(err), "%v", err)
	}
	if answer.Items == nil || answer.Items.Values == nil {
		return nil, userdir.Malformed(d.o.ID, "Items.$values", "it is missing")
	}
	var out []idp.Attributes
	for _, row := range *answer.Items.Values {
		columns, err := d.columns(row)
		if err != nil {
			return nil, err
		}
		out = append(out, columns)
	}
	if answer.HasNext {
		return nil, userdir.Malformed(d.o.ID, "HasNext", "the answer has more than one page, instead of exactly one row")
	}
	return out, nil
}

func (d *IMIS) columns(row map[string]any) (idp.Attributes, error) {
	if properties, ok := row["Properties"].(map[string]any); ok {
		list, ok := properties["$values"].([]any)
		if !ok {
			return nil, userdir.Malformed(d.o.ID, "Items.$values.Properties.$values", "it is not a list")
		}
		row = make(map[string]any, len(list))
		for _, p := range list {
			property, _ := p.(map[string]any)
			name, ok := property["Name"].(string)
			if !ok {
				return nil, userdir.Malformed(d.o.ID, "Items.$values.Properties.$values.Name", "it is not text")
			}
			row[name] = property["Value"]
		}
	}
	out := make(idp.Attributes)
	for name, v := range row {
		if strings.HasPrefix(name, "$") { // $type
			continue
		}
		if list := userdir.Values(bare(v)); len(list) > 0 {
			out[name] = list
		}
	}
	return out, nil
}

// bare takes a value out of {"$type", "$value"} and a list out of {"$type", "$values"}.
func bare(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if one, ok := m["$value"]; ok {
		return one
	}
	if list, ok := m["$values"]; ok {
		return list
	}
	delete(m, "$type")
	return m
}
