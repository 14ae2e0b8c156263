package sqldir_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudsso/idp"
	"cloudsso/userdir"
	"cloudsso/userdir/sqldir"
	"cloudsso/userdir/userdirtest"
)

func each(t *testing.T, f func(t *testing.T, d database)) {
	for name, start := range databases {
		t.Run(name, func(t *testing.T) { f(t, start(t)) })
	}
}

var ann = userdirtest.Person{ID: "1", Username: "ann", Email: "ann@example.com", Password: "correct horse"}

func signIn(t *testing.T, dir userdir.Directory, login, password string) (userdir.User, error) {
	t.Helper()
	return dir.Authenticate(t.Context(), userdir.Credentials{Login: login, Password: idp.Secret(password)})
}

// TestAQueryCannotWrite: whatever an operator, or whoever got at the configuration, puts
// into a query.
func TestAQueryCannotWrite(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		writing := "UPDATE account SET secret = NULL WHERE login = :login"
		if d.options.Dialect == sqldir.PostgreSQL {
			writing += " RETURNING secret"
		}
		dir := d.directory(t, func(o *sqldir.Options) { o.AuthQuery = writing })
		if _, err := signIn(t, dir, "ann", "correct horse"); !errors.Is(err, userdir.ErrUnavailable) {
			t.Errorf("a writing query: %v", err)
		}
		if u, err := signIn(t, d.directory(t, nil), "ann", "correct horse"); err != nil || u.ID != "1" {
			t.Errorf("it was written: %v", err)
		}
	})
}

// TestARowOfSomebodyElseIsNobody: the database finds zoë for zoe, or everybody for anybody.
func TestARowOfSomebodyElseIsNobody(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		d.add(t, userdirtest.Person{ID: "2", Username: "zoë", Email: "zoe@example.com", Password: "another horse"})
		if _, err := signIn(t, d.directory(t, nil), "zoe", "another horse"); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("zoe: %v", err)
		}
		all := d.directory(t, func(o *sqldir.Options) {
			o.ProfileQuery = "SELECT id, login AS username, mail AS email FROM account WHERE :login IS NOT NULL"
			if o.Dialect == sqldir.PostgreSQL {
				o.ProfileQuery = strings.Replace(o.ProfileQuery, ":login", ":login::text", 1)
			}
		})
		if _, err := signIn(t, all, "nobody", "correct horse"); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("nobody: %v", err)
		}
		if u, err := signIn(t, all, "ann", "correct horse"); err != nil || u.ID != "1" {
			t.Errorf("ann: %q, %v", u.ID, err)
		}
	})
}

func TestRenamedAndRemovedPeople(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		dir := d.directory(t, nil)
		d.exec(t, "UPDATE account SET login = 'anna' WHERE id = '1'")
		u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"})
		if err != nil || u.Login != "anna" || u.ID != "1" {
			t.Errorf("after renaming: %q, %v", u.Login, err)
		}
		d.exec(t, "UPDATE account SET off = TRUE WHERE id = '1'")
		if u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"}); err != nil || u.Status != idp.Disabled {
			t.Errorf("after disabling: %q, %v", u.Status, err)
		}
		d.exec(t, "DELETE FROM account")
		if _, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1"}); !errors.Is(err, userdir.ErrNotFound) {
			t.Errorf("after deleting: %v", err)
		}
	})
}

func TestWithoutAnIDTheUserNameIsTheID(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, userdirtest.Person{ID: "1", Username: "Ann", Password: "correct horse"})
		dir := d.directory(t, func(o *sqldir.Options) { o.IDColumn, o.IDQuery = "", "" })
		u, err := signIn(t, dir, "ANN", "correct horse")
		if err != nil || u.ID != "ann" || u.Login != "Ann" {
			t.Errorf("%+v, %v", u, err)
		}
		if again, err := dir.Lookup(t.Context(), userdir.Ref{ID: u.ID}); err != nil || again.ID != u.ID {
			t.Errorf("by that id: %+v, %v", again, err)
		}
	})
}

// TestHashesOfOthersCostTheSame: an old unsalted hash is not told by the work it takes.
func TestHashesOfOthersCostTheSame(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		d.exec(t, "UPDATE account SET secret = '{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr   '")
		passwords := userdir.NewPasswords(1)
		dir := d.directory(t, func(o *sqldir.Options) { o.Passwords = passwords })
		if _, err := signIn(t, dir, "ann", "testing123"); err != nil {
			t.Error(err)
		}
		if _, err := signIn(t, dir, "ann", "testing124"); !errors.Is(err, userdir.ErrInvalidCredentials) {
			t.Error(err)
		}
		if passwords.Evaluations() != 2 {
			t.Errorf("%d hashes for two tries", passwords.Evaluations())
		}
	})
}

func TestMalformedAnswersNameTheField(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		for name, c := range map[string]struct {
			change func(*sqldir.Options)
			secret string
			field  string
		}{
			"a plain password for a hash": {func(*sqldir.Options) {}, "correct horse", "password_hash"},
			"a bomb for a hash":           {func(*sqldir.Options) {}, "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password_hash"},
			"no column with a hash":       {func(o *sqldir.Options) { o.AuthQuery = "SELECT login, secret FROM account WHERE login = :login" }, "", "password_hash"},
			"two rows with hashes": {func(o *sqldir.Options) {
				o.AuthQuery = "SELECT secret FROM account WHERE login = :login UNION ALL SELECT secret FROM account"
			}, "", "auth_query"},
			"no user name":    {func(o *sqldir.Options) { o.LoginColumn = "nick" }, "", "nick"},
			"no id":           {func(o *sqldir.Options) { o.IDColumn = "number" }, "", "number"},
			"JSON that isn't": {func(o *sqldir.Options) { o.JSONColumns = []string{"username"} }, "", "username"},
			"a flag of words": {func(o *sqldir.Options) { o.BooleanColumns = []string{"username"} }, "", "username"},
			"a column twice": {func(o *sqldir.Options) {
				o.ProfileQuery = "SELECT id, login AS username, mail AS username FROM account WHERE login = :login"
			}, "", "username"},
		} {
			d.exec(t, "UPDATE account SET secret = $1", c.secret)
			_, err := signIn(t, d.directory(t, c.change), "ann", "correct horse")
			var e *idp.Error
			if !errors.Is(err, userdir.ErrMalformed) || !errors.Is(err, userdir.ErrUnavailable) || !errors.As(err, &e) || e.Field != c.field {
				t.Errorf("%s: %v; want a malformed %s", name, err, c.field)
			}
			if c.secret != "" && strings.Contains(err.Error(), c.secret) {
				t.Errorf("%s: the error repeats it", name)
			}
		}
	})
}

func TestADatabaseThatDoesNotAnswer(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		d.add(t, ann)
		gone := d.directory(t, func(o *sqldir.Options) { o.DB.Close() })
		if _, err := signIn(t, gone, "ann", "correct horse"); !errors.Is(err, userdir.ErrUnavailable) {
			t.Errorf("a closed pool: %v", err)
		}
		broken := d.directory(t, func(o *sqldir.Options) { o.ProfileQuery = "SELECT nonsense FROM nowhere WHERE a = :login" })
		if _, err := broken.Lookup(t.Context(), userdir.Ref{ID: "1"}); !errors.Is(err, userdir.ErrUnavailable) {
			t.Errorf("a query about nothing: %v", err)
		}
		if d.options.Dialect == sqldir.SQLite {
			return // it has no query that only waits
		}
		slow := d.directory(t, func(o *sqldir.Options) {
			o.ProfileQuery = map[sqldir.Dialect]string{
				sqldir.PostgreSQL: "SELECT id, login AS username, pg_sleep(6)::text AS w FROM account WHERE login = :login",
				sqldir.MySQL:      "SELECT id, login AS username, sleep(6) AS w FROM account WHERE login = :login",
			}[o.Dialect]
		})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		began := time.Now()
		if _, err := slow.Lookup(ctx, userdir.Ref{ID: "1"}); !errors.Is(err, userdir.ErrUnavailable) || time.Since(began) > 5*time.Second {
			t.Errorf("a query that waits: %v after %v", err, time.Since(began))
		}
	})
}

// TestColumnsAndProfiles: the Validate call, and the query of one application.
func TestColumnsAndProfiles(t *testing.T) {
	each(t, func(t *testing.T, d database) {
		for _, p := range userdirtest.People() {
			d.add(t, p)
		}
		dir := d.directory(t, func(o *sqldir.Options) {
			o.Profiles = map[string]string{
				"wiki":  "SELECT id, login AS username, level AS grade FROM account WHERE login = :login",
				"bad":   "SELECT level FROM account WHERE login = :login",
				"crowd": "SELECT id, login AS username FROM account WHERE login <> :login",
			}
		})
		columns, err := dir.Columns(t.Context(), userdir.Ref{Login: "ann"})
		i := slices.IndexFunc(columns, func(c userdir.Column) bool { return c.Name == "df_access" })
		if err != nil || i < 0 || columns[i].Values != 2 || columns[i].Type != "text" || !reflect.DeepEqual(columns[i].Sample, []any{"red:admin", "blue:viewer"}) {
			t.Errorf("columns: %+v, %v", columns, err)
		}
		u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1", Profile: "wiki"})
		if err != nil || !reflect.DeepEqual(u.Attributes, idp.Attributes{"id": {"1"}, "username": {"ann"}, "grade": {3.5}}) {
			t.Errorf("the profile of an application: %#v, %v", u.Attributes, err)
		}
		if u, err := dir.Lookup(t.Context(), userdir.Ref{ID: "1", Profile: "$/SSO/Other"}); err != nil || u.Attributes["given_name"] == nil {
			t.Errorf("a profile that only other directories have: %#v, %v", u.Attributes, err)
		}
		for name, c := range map[string]struct {
			ref   userdir.Ref
			field string
		}{
			"an unknown profile":       {userdir.Ref{Login: "ann", Profile: "other"}, "profile"},
			"nobody":                   {userdir.Ref{Login: "nobody"}, "login"},
			"no column for the person": {userdir.Ref{Login: "ann", Profile: "bad"}, "profile"},
			"rows of several people":   {userdir.Ref{Login: "ann", Profile: "crowd"}, "profile"},
		} {
			if _, err := dir.Columns(t.Context(), c.ref); idp.AsError(err).Code != idp.Invalid || idp.AsError(err).Field != c.field {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestValuesOfPostgreSQL: its own types arrive as what they mean.
func TestValuesOfPostgreSQL(t *testing.T) {
	d := onPostgreSQL(t)
	dir := d.directory(t, func(o *sqldir.Options) {
		o.IDColumn, o.IDQuery, o.AuthQuery = "", "", "SELECT :login::text"
		o.ProfileQuery = `SELECT :login::text AS username, ARRAY['a', 'b "c", \', NULL, 'NULL', ''] AS texts, ARRAY[1, 2] AS numbers, '{}'::text[] AS none, 9007199254740993 AS long, 7::smallint AS small,
			12345678901234567890.5::numeric AS exact, 2.50::numeric AS money, timestamptz '2026-03-04 05:06:07+01' AS at, '\xff00'::bytea AS bytes, '["x", {"y": 1}]'::jsonb AS list, NULL::text AS nothing, true AS yes`
	})
	u, err := dir.Lookup(t.Context(), userdir.Ref{Login: "ann"})
	want := idp.Attributes{
		"username": {"ann"}, "texts": {"a", `b "c", \`, "NULL", ""}, "numbers": {"1", "2"}, "long": {"9007199254740993"}, "small": {7.0}, "exact": {"12345678901234567890.5"}, "money": {2.5},
		"at": {"2026-03-04T04:06:07Z"}, "bytes": {"/wA="}, "list": {"x", map[string]any{"y": 1.0}}, "yes": {true},
	}
	if err != nil || !reflect.DeepEqual(u.Attributes, want) {
		t.Errorf("%#v, %v; want %#v", u.Attributes, err, want)
	}
	deep := d.directory(t, func(o *sqldir.Options) {
		o.ProfileQuery = `SELECT :login::text AS username, '1' AS id, ARRAY[[1, 2], [3, 4]] AS deep`
	})
	if _, err := deep.Lookup(t.Context(), userdir.Ref{Login: "ann"}); !errors.Is(err, userdir.ErrMalformed) || idp.AsError(err).Field != "deep" {
		t.Errorf("an array of arrays: %v", err)
	}
}
