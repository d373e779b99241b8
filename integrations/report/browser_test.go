package report

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/syncgate/syncgate/verify"
)

// browser is a real one, with one tab.
type browser struct {
	tab context.Context
	mu  sync.Mutex
	// said is what pages wrote to the console or into dialogs. A page that is
	// refused something by its own policy says so there.
	said []string
}

// newBrowser starts one, or skips the test where there is none.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no chromium is installed: the HTML page is not looked at in a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{tab: ctx}
	act(t, ctx, chromedp.EmulateViewport(1280, 900))
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdppage.EventJavascriptDialogOpening:
		b.said = append(b.said, "dialog "+e.Message)
	case *cdpruntime.EventExceptionThrown:
		b.said = append(b.said, "exception "+e.ExceptionDetails.Text)
	case *cdpruntime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprintf("console %s", e.Type))
	case *cdplog.EventEntryAdded:
		b.said = append(b.said, "log "+e.Entry.Text)
	}
}

// look opens a page and looks at it. Whatever the page says fails the test.
func (b *browser) look(t *testing.T, name, page string, at func(*testing.T, context.Context)) {
	t.Run(name, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "report.html")
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		act(t, b.tab, chromedp.Navigate("file://"+file))
		at(t, b.tab)
		b.mu.Lock()
		defer b.mu.Unlock()
		if len(b.said) > 0 {
			t.Errorf("the page says: %.2000q", b.said)
		}
		b.said = nil
	})
}

func act(t *testing.T, ctx context.Context, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// is waits until a JavaScript expression is true.
func is(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if value[bool](t, ctx, expression) {
			return
		}
		<-tick.C
	}
	t.Fatalf("never is %s; shown is %q", expression, value[string](t, ctx, `String(document.querySelector("#shown")?.textContent)`))
}

func value[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// press sends keys as a keyboard does: a character is typed only if the page
// does not keep the key for itself.
func press(t *testing.T, ctx context.Context, keys ...string) {
	t.Helper()
	for _, key := range keys {
		for _, r := range key {
			for _, event := range kb.Encode(r) {
				switch event.Type {
				case kb.KeyChar:
					continue
				case kb.KeyDown:
					if k := kb.Keys[r]; k != nil && (k.Print || r == '\r') {
						event.Text, event.UnmodifiedText = k.Text, k.Unmodified
					}
				}
				if _, err := chromedp.Call(ctx, input.DispatchKeyEvent, *event); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

const openAll = `document.querySelectorAll("details").forEach((d) => { d.open = true; }), true`

func TestBrowser(t *testing.T) {
	b := newBrowser(t)
	b.look(t, "keyboard", written(t, "html", many(t, 1000), Options{}), keyboardAlone)
	b.look(t, "changes", written(t, "html", compared(t, verify.BlockOld), Options{}), func(t *testing.T, tab context.Context) {
		// What the change brings, then what is as before, by their buttons.
		press(t, tab, "/", kb.Tab+kb.Tab+kb.Tab+kb.Tab+kb.Tab, " ")
		is(t, tab, `document.getElementById("shown").textContent === "8 of 30 shown" && [...document.querySelectorAll(".rows > li")].every((row) => row.hidden !== row.classList.contains("brought"))`)
		press(t, tab, kb.Tab, " ")
		is(t, tab, `document.getElementById("shown").textContent === "4 of 30 shown"`)
	})
	b.look(t, "hostile", written(t, "html", hostile(t), Options{}), hostilePage)
	b.look(t, "colours", written(t, "html", sample(t), Options{}), colours)
	b.look(t, "widths", written(t, "html", sample(t), Options{}), widths)
	for _, name := range []string{"empty", "passing"} {
		b.look(t, name, written(t, "html", reports(t)[name], Options{}), func(t *testing.T, tab context.Context) {
			is(t, tab, `document.querySelector("h1").textContent.startsWith("Sync ")`)
		})
	}
}

// keyboardAlone finds an image of a thousand, opens it, and comes back.
func keyboardAlone(t *testing.T, tab context.Context) {
	is(t, tab, `!document.getElementById("tools").hidden`)
	press(t, tab, "/")
	is(t, tab, `document.activeElement.id === "q"`)
	press(t, tab, "service-0123")
	is(t, tab, `document.getElementById("shown").textContent === "1 of 1000 shown"`)
	press(t, tab, kb.ArrowDown)
	is(t, tab, `document.activeElement.matches("summary") && document.activeElement.textContent.includes("service-0123")`)
	press(t, tab, kb.Enter)
	is(t, tab, `document.activeElement.parentElement.open`)
	if !value[bool](t, tab, `document.activeElement.parentElement.innerText.includes("CVE-2026-31337")`) {
		t.Error("what was opened does not show the finding")
	}
	press(t, tab, kb.Escape)
	is(t, tab, `document.getElementById("shown").textContent === ""`)
	// A finding, by its name; then what fails, by its button.
	press(t, tab, "/", "cve-2026-40061")
	is(t, tab, `document.getElementById("shown").textContent === "1 of 1000 shown"`)
	press(t, tab, kb.Escape, "/", kb.Escape, "/", kb.Tab, kb.Tab, " ")
	is(t, tab, `document.getElementById("shown").textContent === "400 of 1000 shown"`)
	// A requirement, by the head of its column.
	value[bool](t, tab, `document.querySelector(".col").focus(), true`)
	press(t, tab, kb.Escape, kb.Enter)
	is(t, tab, `document.getElementById("shown").textContent === "100 of 1000 shown"`)
	press(t, tab, kb.Escape)
	value[bool](t, tab, `location.hash = "#i700", true`)
	is(t, tab, `document.getElementById("i700").firstElementChild.open`)
	// Row by row.
	press(t, tab, kb.ArrowDown)
	is(t, tab, `document.activeElement.closest("li").id === "i701"`)
	press(t, tab, kb.ArrowUp+kb.ArrowUp)
	is(t, tab, `document.activeElement.closest("li").id === "i699"`)
}

// hostilePage opens everything: nothing may run, and nothing of the report may
// be an element.
func hostilePage(t *testing.T, tab context.Context) {
	value[bool](t, tab, openAll)
	is(t, tab, `document.querySelectorAll(".copier").length > 0`)
	for selector, want := range map[string]int{"script": 1, "style": 1, "img": 0, "iframe": 0, "[onerror]": 0, "a[href^='javascript']": 0, "meta[http-equiv=refresh]": 0} {
		if n := value[int](t, tab, fmt.Sprintf("document.querySelectorAll(%q).length", selector)); n != want {
			t.Errorf("%d elements are %s, want %d", n, selector, want)
		}
	}
	if bad := value[string](t, tab, `(document.body.innerText.match(/[\u0000-\u0008\u000e-\u001f\u202a-\u202e\u2066-\u2069]/) || [""])[0]`); bad != "" {
		t.Errorf("the page shows %q", bad)
	}
}

// colours follow the system, and then the reader.
func colours(t *testing.T, tab context.Context) {
	lightness := `(() => { const [r, g, b] = getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).map(Number); return (r + g + b) / 765; })()`
	for _, scheme := range []string{"light", "dark"} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
		if _, err := chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			t.Fatal(err)
		}
		if l := value[float64](t, tab, lightness); (l > 0.5) != (scheme == "light") {
			t.Errorf("%s: the background has a lightness of %.2f", scheme, l)
		}
	}
	value[bool](t, tab, `document.getElementById("theme").focus(), true`)
	press(t, tab, kb.Enter)
	if l := value[float64](t, tab, lightness); l < 0.5 {
		t.Errorf("the switch does not make it light: %.2f", l)
	}
}

// widths: nothing reaches beyond the window, on a screen or a telephone.
func widths(t *testing.T, tab context.Context) {
	value[bool](t, tab, openAll)
	for _, width := range []int64{1600, 1280, 1000, 700, 390, 320} {
		act(t, tab, chromedp.EmulateViewport(width, 900))
		if got := value[int64](t, tab, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("at %d the page is %d wide", width, got)
		}
	}
}
