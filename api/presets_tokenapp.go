package api

import (
	"context"

	"cloudsso/api/presets"
)

// createPresetTokenApp makes a signed-token app from the settings of a preset.
func (o AppsMaker) createPresetTokenApp(ctx context.Context, settings map[string]any, link, dryRun bool) (App, error) {
	in, err := decoded[NewTokenApp](o.schemas, settings)
	if err != nil {
		return App{}, ofAnswers(err)
	}
	if dryRun {
		a := o.newTokenApp(in)
		if err := o.checkTokenApp(ctx, &a); err != nil {
			return App{}, ofAnswers(err)
		}
		v := o.viewTokenApp(a, "")
		v.LoginURL, v.LaunchURL = "", "" // its name may still be another
		return App{Kind: presets.KindTokenApp, DryRun: true, TokenApp: &v, Findings: tokenAppFindings(a)}, nil
	}
	t, err := o.CreateTokenApp(ctx, in)
	if err != nil {
		return App{}, ofAnswers(err)
	}
	out := App{App: t.App, Kind: presets.KindTokenApp, TokenApp: &t}
	if link && t.SharedKey != "" {
		made, err := o.newSecretLink(ctx, t.App, t.Name, useSharedKey, t.SharedKey, 0)
		if err != nil {
			return out, err
		}
		out.SecretLink, t.SharedKey = &made, ""
	}
	return out, nil
}
