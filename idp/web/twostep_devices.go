package web

import (
	"net/http"

	"github.com/sekisho-id/sekisho/templates"
)

func (s *server) devices(v *visit) error {
	data := templates.DevicesPage{Done: v.done("removed", "reset")}
	for _, d := range v.account.Devices {
		row := templates.BrowserRow{
			ID: d.ID, Place: v.place(d.IP), This: d.ID == v.account.ThisDevice,
			Added: v.at(d.CreatedAt), Last: v.at(d.LastUsedAt), Until: v.at(d.ExpiresAt),
		}
		row.Icon, row.Name = v.browser(d.UserAgent)
		data.Devices = append(data.Devices, row)
	}
	return s.render(v, http.StatusOK, s.own(v, "security", "twostep-devices", "dev.title", data))
}

// forgetDevices ends one trusted device, or all of them (S-103).
func (s *server) forgetDevices(v *visit) error {
	ctx := v.Request().Context()
	if field(v, "reset") != "" {
		if err := s.provider.ResetDevices(ctx, v.b); err != nil {
			return err
		}
		return see(v, pathDevices+"?done=reset")
	}
	if err := s.provider.RemoveDevice(ctx, v.b, field(v, "remove")); err != nil {
		return err
	}
	return see(v, pathDevices+"?done=removed")
}
