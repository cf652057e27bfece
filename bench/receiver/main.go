// A Powerspace that is never the limit: it answers every GET with 200, after a delay where it is told to, and
// counts requests and distinct click ids. HTTP is read by hand, since net/http costs three times as much for each
// request, and would take that from whoever is measured on the same machine.
//
// A second port controls it: GET /count, POST /reset?delay=MILLISECONDS, and POST /v1/traces, which takes spans
// and forgets them.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var answer = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK")

type state struct {
	delay    atomic.Int64
	firstAt  atomic.Int64
	lastAt   atomic.Int64
	mutex    sync.Mutex
	requests int64
	clickIds map[string]struct{}
}

func main() {
	address := flag.String("listen", "127.0.0.1:0", "host:port for postbacks")
	control := flag.String("control", "127.0.0.1:0", "host:port for whoever measures")
	flag.Parse()
	received := &state{clickIds: map[string]struct{}{}}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.ListenAndServe(*control, received.controls())) }()
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go received.serve(connection)
	}
}

// serve answers the requests of a connection, one after the other, until it is closed.
func (received *state) serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 8*1024)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		received.note(line)
		for {
			header, err := reader.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(bytes.TrimRight(header, "\r\n")) == 0 {
				break
			}
		}
		if delay := received.delay.Load(); delay > 0 {
			time.Sleep(time.Duration(delay) * time.Millisecond)
		}
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}

func (received *state) note(line []byte) {
	now := time.Now().UnixMicro()
	received.firstAt.CompareAndSwap(0, now)
	received.lastAt.Store(now)
	_, rest, _ := bytes.Cut(line, []byte("qci="))
	clickId := rest
	if end := bytes.IndexAny(rest, "& "); end >= 0 {
		clickId = rest[:end]
	}
	// Together, so that whoever asks meanwhile doesn't take one for a repetition.
	received.mutex.Lock()
	received.requests++
	received.clickIds[string(clickId)] = struct{}{}
	received.mutex.Unlock()
}

func (received *state) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /count", func(response http.ResponseWriter, _ *http.Request) {
		received.mutex.Lock()
		requests, distinct := received.requests, len(received.clickIds)
		received.mutex.Unlock()
		json.NewEncoder(response).Encode(map[string]int64{
			"requests": requests,
			"distinct": int64(distinct),
			"firstAt":  received.firstAt.Load(),
			"lastAt":   received.lastAt.Load(),
		})
	})
	mux.HandleFunc("POST /reset", func(_ http.ResponseWriter, request *http.Request) {
		delay, _ := strconv.ParseInt(request.URL.Query().Get("delay"), 10, 64)
		received.delay.Store(delay)
		received.firstAt.Store(0)
		received.lastAt.Store(0)
		received.mutex.Lock()
		received.requests = 0
		received.clickIds = map[string]struct{}{}
		received.mutex.Unlock()
	})
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
	})
	return mux
}
