package api

import (
	"context"
	"slices"

	"cloudsso/idp"
)

// What Events say about the use of an app.
func successEvents() []string {
	return []string{idp.EventGrantCreated, idp.EventSAMLIssued, idp.EventTokenAppIssued}
}

func failureEvents() []string {
	return []string{idp.EventAccessDenied, idp.EventSAMLRefused, idp.EventTokenAppRefused, idp.EventRefreshDenied, idp.EventCodeReused, idp.EventRefreshReused}
}

// addStatus looks each app up in the audit log, all of them at once: the newest Event of
// each name.
func (o acting) addStatus(ctx context.Context, apps []AppSummary) error {
	ids := make([]string, len(apps))
	for i, a := range apps {
		ids[i] = a.App
	}
	events, err := o.Records.LastEvents(ctx, ids, slices.Concat(successEvents(), failureEvents(), []string{idp.EventAppVerified, idp.EventAppVerifyFailed}))
	for _, e := range events {
		for i := range apps {
			if apps[i].App == e.App {
				apps[i].Status.note(e)
			}
		}
	}
	return err
}

// note takes an Event in, in whatever order they come.
func (s *AppStatus) note(e idp.Event) {
	place := &s.LastFailure
	switch {
	case e.Name == idp.EventAppVerified:
		place = &s.Verified
	case e.Name == idp.EventAppVerifyFailed:
		place = &s.VerifyFailed
	case slices.Contains(successEvents(), e.Name):
		place = &s.LastSuccess
	}
	if *place == nil || e.Time.After((*place).At) {
		*place = momentOf(e)
	}
	switch {
	case s.LastSuccess != nil:
		s.State = "used"
	case s.Verified != nil:
		s.State = "verified"
	}
}

func momentOf(e idp.Event) *AppMoment {
	return &AppMoment{At: e.Time, Event: e.Name, Support: e.Support, Subject: e.Subject, Text: e.Detail["reason"]}
}
