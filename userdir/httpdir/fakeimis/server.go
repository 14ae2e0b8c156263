// Package fakeimis is a server of the shape of the iMIS REST API, for tests and demos:
// POST /token with grant_type=password, and named queries at /api/query and /api/iqa. It
// can be told to be slow, wrong or down.
package fakeimis

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Person is one account.
type Person struct {
	ID, UserName, Email string
	Password            string // "": it cannot sign in
	SecondFactor        bool   // the token endpoint wants one
	Columns             map[string]any
}

// Behaviour is what is wrong with the server; the zero value: nothing.
type Behaviour struct {
	Delay  time.Duration // before every answer
	Status int           // every answer is an empty one of this status
	Body   string        // every answer of /api is this one, with status 200
	Token  string        // every answer of /token is this one, with status 200
	Twice  bool          // queries give every row twice
	Same   bool          // queries lose their parameter and give the first person
	Forget bool          // the tokens given out so far are good no more
}

// Names of the queries.
const (
	ByUserName = "$/SSO/ProfileData" // parameter: a user name or an address
	ByID       = "$/SSO/ProfileByID" // parameter: an id
)

// Server is an http.Handler.
type Server struct {
	// Username and Password of the account that may run queries.
	Username, Password string

	mu      sync.Mutex
	people  []Person
	queries map[string][]string
	tokens  map[string]bool
	issued  int
	wrong   Behaviour
	calls   map[string]int
}

// New makes a server with these people and the account manager, secret for queries.
func New(people []Person) *Server {
	return &Server{
		Username: "manager", Password: "secret", people: slices.Clone(people),
		queries: map[string][]string{ByUserName: nil, ByID: nil}, tokens: make(map[string]bool), calls: make(map[string]int),
	}
}

// Query adds a named query that takes a user name and gives these columns, beside ID,
// UserName and Email.
func (s *Server) Query(name string, columns ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries[name] = columns
}

// Behave makes something wrong from now on.
func (s *Server) Behave(b Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = b
	if b.Forget {
		clear(s.tokens)
	}
}

// Change replaces the person of an id; nil removes them.
func (s *Server) Change(id string, p *Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = slices.DeleteFunc(s.people, func(one Person) bool { return one.ID == id })
	if p != nil {
		s.people = append(s.people, *p)
	}
}

// Calls counts the requests to a path.
func (s *Server) Calls(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.calls[r.URL.Path]++
	wrong := s.wrong
	s.mu.Unlock()
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	fault := r.ParseForm() // first: only then net/http sees that a caller has gone
	if wrong.Delay > 0 {
		select {
		case <-time.After(wrong.Delay):
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	query := r.URL.Path == "/api/query" || r.URL.Path == "/api/iqa"
	switch {
	case wrong.Status != 0:
		w.WriteHeader(wrong.Status)
	case r.Method == http.MethodPost && r.URL.Path == "/token" && wrong.Token != "":
		fmt.Fprint(w, wrong.Token)
	case r.Method == http.MethodPost && r.URL.Path == "/token":
		s.token(w, r, fault)
	case r.Method == http.MethodGet && query && wrong.Body != "":
		fmt.Fprint(w, wrong.Body)
	case r.Method == http.MethodGet && query:
		s.query(w, r, wrong)
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller went away
}

func (s *Server) token(w http.ResponseWriter, r *http.Request, fault error) {
	if fault != nil || r.PostForm.Get("grant_type") != "password" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	name, password := r.PostForm.Get("username"), r.PostForm.Get("password")
	s.mu.Lock()
	defer s.mu.Unlock()
	good := name == s.Username && password == s.Password
	for _, p := range s.people {
		if !strings.EqualFold(p.UserName, name) || p.Password == "" || p.Password != password {
			continue
		}
		if p.SecondFactor {
			answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "Two-factor authentication is required for this account."})
			return
		}
		good = true
	}
	if !good {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "The user name or password is incorrect."})
		return
	}
	s.issued++
	token := fmt.Sprintf("token-%d", s.issued)
	if name == s.Username {
		s.tokens[token] = true // a member's token runs no queries
	}
	answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "bearer", "expires_in": 1209599, "userName": name})
}

func (s *Server) query(w http.ResponseWriter, r *http.Request, wrong Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || !s.tokens[token] {
		answer(w, http.StatusUnauthorized, map[string]string{"Message": "Authorization has been denied for this request."})
		return
	}
	name, parameter := r.URL.Query().Get("QueryName"), r.URL.Query().Get("parameter")
	columns, known := s.queries[name]
	if !known {
		answer(w, http.StatusNotFound, map[string]string{"Message": "The query was not found."})
		return
	}
	var rows []any
	for _, p := range s.people {
		if name == ByID && p.ID != parameter || name != ByID && !wrong.Same && !strings.EqualFold(p.UserName, parameter) && !strings.EqualFold(p.Email, parameter) {
			continue
		}
		rows = append(rows, row(p, columns, r.URL.Path == "/api/iqa"))
		if wrong.Twice {
			rows = append(rows, rows[len(rows)-1])
		}
		if wrong.Same {
			break
		}
	}
	if rows == nil {
		rows = []any{}
	}
	answer(w, http.StatusOK, map[string]any{
		"$type": "Asi.Soa.Core.DataContracts.PagedResult, Asi.Contracts", "Offset": 0, "Limit": 100, "Count": len(rows), "TotalCount": len(rows), "HasNext": false,
		"Items": map[string]any{"$type": "System.Collections.ObjectModel.Collection`1", "$values": rows},
	})
}

// row is an object, or for iMIS 2017 a list of properties.
func row(p Person, columns []string, properties bool) map[string]any {
	flat := maps.Clone(p.Columns)
	if flat == nil {
		flat = make(map[string]any)
	}
	if columns != nil {
		maps.DeleteFunc(flat, func(name string, _ any) bool { return !slices.Contains(columns, name) })
	}
	for name, v := range map[string]string{"ID": p.ID, "UserName": p.UserName, "Email": p.Email} {
		flat[name] = v
	}
	if !properties {
		flat["$type"] = "Asi.Soa.Core.DataContracts.QueryResult"
		return flat
	}
	var list []any
	for _, name := range slices.Sorted(maps.Keys(flat)) {
		list = append(list, map[string]any{"$type": "Asi.Soa.Core.DataContracts.GenericPropertyData", "Name": name, "Value": flat[name]})
	}
	return map[string]any{"EntityTypeName": "QueryResult", "Properties": map[string]any{"$type": "GenericPropertyDataCollection", "$values": list}}
}
