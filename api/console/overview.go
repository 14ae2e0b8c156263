package console

import (
	"fmt"
	"time"

	"cloudsso/api"
	"cloudsso/keys"
)

// expirySoon is when the overview begins to warn about the end of a certificate.
const expirySoon = 90 * 24 * time.Hour

type overviewPage struct {
	AddApp   bool // the actor may
	FirstApp bool // there is none yet
	Facts    []Fact
	Warnings []string
	Events   *Table
}

// overview shows what there is and what needs attention, as far as the actor may see it.
func overview(v *visit) error {
	var p overviewPage
	for _, part := range []func(*visit, *overviewPage) error{overviewApps, overviewPeople, overviewKeys, overviewEvents} {
		if err := part(v, &p); err != nil {
			return err
		}
	}
	return v.show("overview", "Overview", p)
}

// countUpTo is how far the overview counts.
const countUpTo = 500

func counted[T any](l api.List[T]) string {
	if l.NextCursor != "" {
		return fmt.Sprintf("more than %d", len(l.Items))
	}
	return fmt.Sprint(len(l.Items))
}

func overviewApps(v *visit, p *overviewPage) error {
	apps, err := v.actor.AppsReader()
	if err != nil {
		return nil
	}
	clients, err := apps.Clients(v.r.Context(), api.Paging{Limit: countUpTo})
	if err != nil {
		return err
	}
	sps, err := apps.ServiceProviders(v.r.Context(), api.Paging{Limit: countUpTo})
	if err != nil {
		return err
	}
	_, notMaker := v.actor.AppsMaker()
	p.AddApp, p.FirstApp = notMaker == nil, len(clients.Items)+len(sps.Items) == 0
	p.Facts = append(p.Facts,
		Fact{Name: "Clients (OpenID Connect, OAuth 2)", Cell: Cell{Text: counted(clients)}},
		Fact{Name: "Service providers (SAML)", Cell: Cell{Text: counted(sps)}})
	for _, sp := range sps.Items {
		for _, c := range sp.SPSigningCertificates {
			if left := c.NotAfter.Sub(v.Now()); left < expirySoon && left > 0 {
				p.Warnings = append(p.Warnings, fmt.Sprintf("A certificate of the service provider %s ends on %s.", sp.App, when(c.NotAfter)))
			}
		}
	}
	return nil
}

func overviewPeople(v *visit, p *overviewPage) error {
	people, err := v.actor.PeopleReader()
	if err != nil {
		return nil
	}
	users, err := people.Users(v.r.Context(), api.Paging{Limit: countUpTo})
	if err != nil {
		return err
	}
	p.Facts = append(p.Facts, Fact{Name: "Built-in users", Cell: Cell{Text: counted(users)}})
	return nil
}

func overviewKeys(v *visit, p *overviewPage) error {
	reader, err := v.actor.KeysReader()
	if err != nil {
		return nil
	}
	signing := 0
	for _, k := range reader.Keys().Items {
		if k.Signing {
			signing++
		}
		if left := k.NotAfter.Sub(v.Now()); k.State != keys.Retired && !k.NotAfter.IsZero() && left < expirySoon {
			p.Warnings = append(p.Warnings, fmt.Sprintf("The certificate %s, with which SAML messages are signed, ends on %s.", k.KID, when(k.NotAfter)))
		}
	}
	p.Facts = append(p.Facts, Fact{Name: "Keys that sign", Cell: Cell{Text: fmt.Sprint(signing)}})
	return nil
}

func overviewEvents(v *visit, p *overviewPage) error {
	reader, err := v.actor.EventsReader()
	if err != nil {
		return nil
	}
	l, err := reader.Events(v.r.Context(), api.EventQuery{}, api.Paging{Limit: 10})
	if api.Typed(err) {
		return nil // an admin of several apps chooses one on the page of events
	}
	if err != nil {
		return err
	}
	t := v.eventTable(l.Items)
	p.Events = &t
	return nil
}
