// Watches a machine with DigitalOcean's go-qemu, a QMP client that knows nothing of this package.
//
// It connects, negotiates, asks for the version and the status, waits for the guest's panic, sends cont, and prints what it saw.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/digitalocean/go-qemu/qmp"
)

func check(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func status(monitor *qmp.SocketMonitor) string {
	raw, err := monitor.Run([]byte(`{"execute": "query-status"}`))
	check("query-status", err)
	var reply struct {
		Return struct {
			Status string `json:"status"`
		} `json:"return"`
	}
	check("query-status", json.Unmarshal(raw, &reply))
	return reply.Return.Status
}

func next(events <-chan qmp.Event) string {
	select {
	case event := <-events:
		data, err := json.Marshal(event.Data)
		check("event", err)
		return event.Event + " " + string(data)
	case <-time.After(10 * time.Second):
		log.Fatal("no event within 10 s")
		return ""
	}
}

func main() {
	monitor, err := qmp.NewSocketMonitor("unix", os.Args[1], 5*time.Second)
	check("socket", err)
	check("connect", monitor.Connect())
	defer monitor.Disconnect()
	incoming, err := monitor.Events(nil)
	check("events", err)
	// go-qemu hands over an answer only once the events before it have been taken.
	events := make(chan qmp.Event, 16)
	go func() {
		for event := range incoming {
			events <- event
		}
	}()
	fmt.Println("version", monitor.Version.String())
	fmt.Println("status", status(monitor))
	fmt.Println(next(events))
	fmt.Println(next(events))
	fmt.Println("status", status(monitor))
	_, err = monitor.Run([]byte(`{"execute": "cont"}`))
	check("cont", err)
	fmt.Println(next(events))
	fmt.Println("status", status(monitor))
	_, err = monitor.Run([]byte(`{"execute": "nope"}`))
	fmt.Println("error", err)
}
