package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"cloudsso/api"
	"cloudsso/idp"
)

func (p *program) user() *cobra.Command { return group("user", "Built-in users", p.userAdd()) }

// addedUser is the answer of user add: Password only if we made it.
type addedUser struct {
	api.User
	Password string `json:"password,omitempty"`
}

func (p *program) userAdd() *cobra.Command {
	var in api.NewUser
	var attributes []string
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "add USERNAME", Short: "Add a user; without --password-stdin a password is made and printed, once", Args: takes(cobra.ExactArgs(1)),
		Example: "  cloudsso user add ada --email ada@example.org --group maths --attribute given_name=Ada",
		RunE: p.onData(false, func(ctx context.Context, d *data, args []string) (err error) {
			in.Username = args[0]
			if in.Attributes, err = parseAttributes(attributes); err != nil {
				return err
			}
			made, err := p.password(&in, fromStdin)
			if err != nil {
				return err
			}
			u, err := d.owner.CreateUser(ctx, in)
			if err != nil {
				return err
			}
			return p.answer(addedUser{u, made}, func() {
				p.line("id        %s\nusername  %s", u.ID, u.Username)
				if made != "" {
					p.line("password  %s", made)
					p.hint("This password is shown once.")
				}
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&in.Email, "email", "", "email address")
	flags.StringArrayVar(&in.Groups, "group", nil, "group; may be repeated")
	flags.StringArrayVar(&attributes, "attribute", nil, "name=value; may be repeated, also for several values of one name")
	flags.BoolVar(&fromStdin, "password-stdin", false, "read the password from the first line of standard input")
	return cmd
}

// password fills in the password. It never comes from an argument: those are visible
// to every user of the machine.
func (p *program) password(in *api.NewUser, fromStdin bool) (made string, err error) {
	if !fromStdin {
		in.Password = idp.NewSecret()[:20]
		return in.Password, nil
	}
	in.Password, err = bufio.NewReader(io.LimitReader(p.in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	in.Password = strings.TrimRight(in.Password, "\r\n")
	if in.Password == "" {
		return "", misuse{errors.New("--password-stdin: standard input is empty")}
	}
	return "", nil
}

func parseAttributes(list []string) (map[string]json.RawMessage, error) {
	values := map[string][]string{}
	for _, item := range list {
		name, value, ok := strings.Cut(item, "=")
		if !ok || name == "" {
			return nil, misuse{errors.New("--attribute: expected name=value, got " + item)}
		}
		values[name] = append(values[name], value)
	}
	out := map[string]json.RawMessage{}
	for name, v := range values {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		out[name] = b
	}
	return out, nil
}
