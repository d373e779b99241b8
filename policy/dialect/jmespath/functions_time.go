package jmespath

import (
	"cmp"
	"strconv"
	"time"
)

// form is how times are written.
const form = time.RFC3339

// pair is a function of two times.
func pair(name string, tell func(a, b time.Time) any) function {
	return function{name, "ss", func(args []any) (any, error) {
		a, err := time.Parse(form, text(args[0]))
		if err != nil {
			return nil, err
		}
		b, err := time.Parse(form, text(args[1]))
		if err != nil {
			return nil, err
		}
		return tell(a, b), nil
	}}
}

// shift is a function of a time and a duration.
func shift(name string, tell func(t time.Time, d time.Duration) time.Time) function {
	return function{name, "ss", func(args []any) (any, error) {
		t, err := time.Parse(form, text(args[0]))
		if err != nil {
			return nil, err
		}
		d, err := time.ParseDuration(text(args[1]))
		if err != nil {
			return nil, err
		}
		return tell(t, d).Format(form), nil
	}}
}

// timeFunctions are those about time. Now is when the policy is evaluated.
func timeFunctions(at time.Time) []function {
	return []function{
		{"time_now", "", func([]any) (any, error) { return at.UTC().Format(form), nil }},
		{"time_now_utc", "", func([]any) (any, error) { return at.UTC().Format(form), nil }},
		{"time_since", "sss", func(args []any) (any, error) {
			layout := cmp.Or(text(args[0]), form)
			from, err := time.Parse(layout, text(args[1]))
			if err != nil {
				return nil, err
			}
			until := at
			if text(args[2]) != "" {
				if until, err = time.Parse(layout, text(args[2])); err != nil {
					return nil, err
				}
			}
			return until.Sub(from).String(), nil
		}},
		{"time_parse", "ss", func(args []any) (any, error) {
			if _, err := strconv.ParseInt(text(args[0]), 10, 64); err == nil {
				seconds, err := strconv.ParseInt(text(args[1]), 10, 64)
				return time.Unix(seconds, 0).UTC().Format(form), err
			}
			t, err := time.Parse(text(args[0]), text(args[1]))
			return t.Format(form), err
		}},
		{"time_utc", "s", func(args []any) (any, error) {
			t, err := time.Parse(form, text(args[0]))
			return t.UTC().Format(form), err
		}},
		{"time_between", "sss", func(args []any) (any, error) {
			var times [3]time.Time
			for i := range times {
				var err error
				if times[i], err = time.Parse(form, text(args[i])); err != nil {
					return nil, err
				}
			}
			return times[0].After(times[1]) && times[0].Before(times[2]), nil
		}},
		pair("time_diff", func(a, b time.Time) any { return b.Sub(a).String() }),
		pair("time_before", func(a, b time.Time) any { return a.Before(b) }),
		pair("time_after", func(a, b time.Time) any { return a.After(b) }),
		shift("time_add", time.Time.Add),
		shift("time_truncate", time.Time.Truncate),
	}
}
