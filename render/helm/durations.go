package helm

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// durationFunctions are those that Helm adds to sprig for durations. All but
// the first return zero for what is no duration.
func durationFunctions() template.FuncMap {
	orZero := func(v any) time.Duration {
		d, err := asDuration(v)
		if err != nil {
			return 0
		}
		return d
	}
	return template.FuncMap{
		"mustToDuration":       asDuration,
		"durationSeconds":      func(v any) float64 { return orZero(v).Seconds() },
		"durationMilliseconds": func(v any) int64 { return orZero(v).Milliseconds() },
		"durationMicroseconds": func(v any) int64 { return orZero(v).Microseconds() },
		"durationNanoseconds":  func(v any) int64 { return orZero(v).Nanoseconds() },
		"durationMinutes":      func(v any) float64 { return orZero(v).Minutes() },
		"durationHours":        func(v any) float64 { return orZero(v).Hours() },
		"durationDays":         func(v any) float64 { return orZero(v).Hours() / 24 },
		"durationWeeks":        func(v any) float64 { return orZero(v).Hours() / 24 / 7 },
		"durationRoundTo":      func(v, unit any) time.Duration { return orZero(v).Round(orZero(unit)) },
		"durationTruncateTo":   func(v, unit any) time.Duration { return orZero(v).Truncate(orZero(unit)) },
	}
}

// asDuration reads a duration as Helm does: "1h2m", or a number of seconds.
func asDuration(v any) (time.Duration, error) {
	switch x := v.(type) {
	case nil:
		return 0, errors.New("invalid duration")
	case time.Duration:
		return x, nil
	case string:
		return parseDuration(strings.TrimSpace(x))
	}
	rv := reflect.ValueOf(v)
	switch {
	case rv.CanInt():
		return integerSeconds(rv.Int())
	case rv.CanUint() && rv.Uint() <= math.MaxInt64:
		return integerSeconds(int64(rv.Uint()))
	case rv.CanUint():
		return 0, fmt.Errorf("duration seconds overflow: %d", rv.Uint())
	case rv.CanFloat():
		return floatSeconds(rv.Float())
	}
	return 0, fmt.Errorf("unsupported duration type %T", v)
}

func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, errors.New("empty duration")
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return floatSeconds(f)
	}
	return 0, fmt.Errorf("could not parse duration %q", s)
}

func integerSeconds(n int64) (time.Duration, error) {
	const most = int64(math.MaxInt64 / time.Second)
	if n > most || n < -most {
		return 0, fmt.Errorf("duration seconds overflow: %d", n)
	}
	return time.Duration(n) * time.Second, nil
}

func floatSeconds(f float64) (time.Duration, error) {
	nanos := f * float64(time.Second)
	if math.IsNaN(nanos) || nanos > math.MaxInt64 || nanos < math.MinInt64 {
		return 0, fmt.Errorf("invalid duration seconds: %v", f)
	}
	return time.Duration(nanos), nil
}
