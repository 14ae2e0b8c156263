package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"cloudsso/idp"
)

const (
	// membersRead is how many users one part of a list of members looks at: whoever names
	// a group is found by reading users.
	membersRead = 5000
	// memberTries is how often a change of somebody's groups gives way to another change.
	memberTries = 5
)

// GroupMember is the body of POST /groups/{id}/members.
type GroupMember struct {
	User string `json:"user" minLength:"1" maxLength:"256" doc:"User name or id of a built-in user."`
}

// GroupMembers lists the built-in users who name a group, by id. A part may be short,
// or empty, and another one still follow.
func (o PeopleReader) GroupMembers(ctx context.Context, name string, p Paging) (List[User], error) {
	page, err := p.page("members")
	if err != nil {
		return List[User]{}, err
	}
	var found []idp.User
	after := page.After
	for read := 0; read < membersRead; {
		rows, err := o.Records.Users(ctx, idp.Page{After: after, Limit: 500})
		if err != nil {
			return List[User]{}, err
		}
		for _, u := range rows {
			if inGroup(u.Groups, name) {
				found = append(found, u)
			}
			after = u.ID
			if len(found) > p.limit() {
				return list(p, found, func(u idp.User) string { return u.ID }, viewUser), nil
			}
		}
		if read += len(rows); len(rows) < 500 {
			return list(p, found, func(u idp.User) string { return u.ID }, viewUser), nil
		}
	}
	out := list(p, found, func(u idp.User) string { return u.ID }, viewUser)
	out.NextCursor = p.after(after)
	return out, nil
}

// inGroup compares as assignments do.
func inGroup(groups []string, name string) bool {
	folded := idp.FoldUsername(name)
	return slices.ContainsFunc(groups, func(g string) bool { return idp.FoldUsername(g) == folded })
}

// GroupChildren lists the groups that are in a group.
func (o PeopleReader) GroupChildren(ctx context.Context, name string) (List[Group], error) {
	out := List[Group]{Items: []Group{}}
	for after := ""; ; {
		rows, err := o.Records.Groups(ctx, idp.Page{After: after, Limit: 500})
		if err != nil {
			return out, err
		}
		for _, g := range rows {
			if inGroup(g.Parents, name) {
				out.Items = append(out.Items, viewGroup(g))
			}
			after = g.Name
		}
		if len(rows) < 500 {
			return out, nil
		}
	}
}

// AddMember puts a built-in user into a group. Who is in it already stays so.
func (o PeopleWriter) AddMember(ctx context.Context, name string, in GroupMember) (User, error) {
	g, err := o.Records.Group(ctx, name)
	if err != nil {
		return User{}, missing(err, "group", name)
	}
	u, err := o.Records.UserByUsername(ctx, in.User)
	if errors.Is(err, idp.ErrNotFound) {
		u, err = o.Records.User(ctx, in.User)
	}
	if errors.Is(err, idp.ErrNotFound) {
		return User{}, idp.Errorf(idp.Invalid, "There is no built-in user %q. People of other directories are in the groups that their directory says.", in.User).On("user")
	}
	if err != nil {
		return User{}, err
	}
	return o.regroup(ctx, u.ID, func(groups []string) []string {
		if inGroup(groups, g.Name) {
			return groups
		}
		return append(groups, g.Name)
	})
}

// RemoveMember takes a built-in user out of a group, which need not have a record.
func (o PeopleWriter) RemoveMember(ctx context.Context, name, userID string) error {
	u, err := o.Records.User(ctx, userID)
	if err != nil {
		return missing(err, "user", userID)
	}
	if !inGroup(u.Groups, name) {
		return idp.Errorf(idp.NotFound, "The user is not in the group %q.", name)
	}
	_, err = o.regroup(ctx, userID, func(groups []string) []string {
		return slices.DeleteFunc(groups, func(g string) bool { return inGroup([]string{g}, name) })
	})
	return err
}

// regroup changes somebody's groups, again if somebody else changes them at the moment.
func (o PeopleWriter) regroup(ctx context.Context, userID string, change func([]string) []string) (u User, err error) {
	for range memberTries {
		if u, err = o.User(ctx, userID); err != nil {
			return u, err
		}
		groups := change(slices.Clone(u.Groups))
		if slices.Equal(groups, u.Groups) {
			return u, nil
		}
		patch, err := json.Marshal(map[string]any{"groups": groups})
		if err != nil {
			return u, err
		}
		if u, err = o.PatchUser(ctx, userID, patch, u.ETag()); err == nil {
			return u, nil
		}
		if code := idp.AsError(err).Code; code != stale && code != idp.Conflict {
			return u, err
		}
	}
	return u, err
}

// ETag is what a write compares.
func (u User) ETag() IfMatch { return IfMatch(etag(u.version)) }

// ETag is what a write compares.
func (g Group) ETag() IfMatch { return IfMatch(etag(g.version)) }

type (
	membersInput struct {
		Caller
		Paging
		ID string `path:"id" maxLength:"256" doc:"Name of a group; it need not have a record."`
	}
	addMemberInput struct {
		Caller
		ID   string `path:"id" maxLength:"256"`
		Body GroupMember
	}
	removeMemberInput struct {
		Caller
		ID   string `path:"id" maxLength:"256"`
		User string `path:"user" maxLength:"256" doc:"Id of a built-in user."`
	}
	memberAnswer struct{ Body User }
)

func (a *Admin) memberRoutes(api huma.API) {
	handleFor(api, Actor.PeopleReader, http.MethodGet, "/groups/{id}/members", "list-group-members", "List the built-in users of a group", http.StatusOK,
		func(ctx context.Context, o PeopleReader, in *membersInput) (*many[User], error) {
			l, err := o.GroupMembers(ctx, in.ID, in.Paging)
			return &many[User]{l}, err
		})
	handleFor(api, Actor.PeopleWriter, http.MethodPost, "/groups/{id}/members", "add-group-member", "Put a built-in user into a group", http.StatusOK,
		func(ctx context.Context, o PeopleWriter, in *addMemberInput) (*memberAnswer, error) {
			u, err := o.AddMember(ctx, in.ID, in.Body)
			return &memberAnswer{u}, err
		})
	handleFor(api, Actor.PeopleWriter, http.MethodDelete, "/groups/{id}/members/{user}", "remove-group-member", "Take a built-in user out of a group", http.StatusNoContent,
		func(ctx context.Context, o PeopleWriter, in *removeMemberInput) (*nothing, error) {
			return nil, o.RemoveMember(ctx, in.ID, in.User)
		})
}
