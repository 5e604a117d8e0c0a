// Asks a person, waits for the answer, and prints it. Standard library alone: go run go.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

type pause struct {
	ID     string `json:"pause_id"`
	Status string `json:"status"`
	Choice string `json:"response_choice"`
}

func call(method, path string, body any) (p pause) {
	sent, err := json.Marshal(body)
	if err != nil {
		log.Fatal(err)
	}
	url := os.Getenv("PAUSEPOINT_URL")
	if url == "" {
		url = "http://127.0.0.1:8787"
	}
	request, err := http.NewRequest(method, url+path, bytes.NewReader(sent))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("PAUSEPOINT_API_KEY"))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		log.Fatalf("%s: %s %v", response.Status, answer, err)
	}
	if err := json.Unmarshal(answer, &p); err != nil {
		log.Fatal(err)
	}
	return p
}

func main() {
	log.SetFlags(0)
	if os.Getenv("PAUSEPOINT_API_KEY") == "" {
		log.Fatal("Set PAUSEPOINT_API_KEY to a key that pausepoint printed.")
	}
	p := call("POST", "/v1/pause", map[string]any{
		"recipient":       "+1 (312) 847-1928",
		"channel":         "sms",
		"message":         "Purge 14,000 records from staging?",
		"options":         []string{"Purge", "Keep"},
		"timeout_default": "Keep",
	})
	for p.Status == "pending" {
		p = call("GET", "/v1/pause/"+p.ID+"?wait=60", nil)
	}
	if p.Status != "responded" {
		log.Fatalf("nobody answered: %s", p.Status)
	}
	fmt.Println(p.Choice)
}
