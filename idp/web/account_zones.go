package web

import (
	"time"

	"github.com/sekisho-id/sekisho/templates"
)

// zones are the time zones one may choose, from west to east. A zone that is
// set otherwise (by import, say) is offered to its owner beside them.
var zones = []string{
	"Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver", "America/Chicago",
	"America/New_York", "America/Halifax", "America/Sao_Paulo", "UTC", "Europe/London", "Europe/Lisbon",
	"Europe/Berlin", "Europe/Paris", "Europe/Rome", "Europe/Madrid", "Europe/Athens", "Africa/Cairo",
	"Africa/Johannesburg", "Europe/Moscow", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka",
	"Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei",
	"Asia/Singapore", "Asia/Manila", "Australia/Perth", "Asia/Seoul", "Asia/Tokyo", "Australia/Sydney",
	"Pacific/Guam", "Pacific/Auckland",
}

// zoneRows lists the zones with their offsets at a moment; first comes on top.
func zoneRows(now time.Time, first, own string) []templates.ZoneRow {
	var rows []templates.ZoneRow
	seen := map[string]bool{}
	for _, name := range append([]string{first, own}, zones...) {
		loc, err := time.LoadLocation(name)
		if name == "" || seen[name] || err != nil {
			continue
		}
		seen[name] = true
		rows = append(rows, templates.ZoneRow{Name: name, Label: name + " (UTC" + now.In(loc).Format("-07:00") + ")"})
	}
	return rows
}
