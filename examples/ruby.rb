# Asks a person, waits for the answer, and prints it. Standard library alone.
require "json"
require "net/http"

BASE = URI(ENV.fetch("PAUSEPOINT_URL", "http://127.0.0.1:8787"))
KEY = ENV.fetch("PAUSEPOINT_API_KEY", "")
abort "Set PAUSEPOINT_API_KEY to a key that pausepoint printed." if KEY.empty?
HEADERS = { "Authorization" => "Bearer #{KEY}", "Content-Type" => "application/json" }

# The server holds a request for up to 60 seconds; read_timeout has to be longer.
Net::HTTP.start(BASE.host, BASE.port, use_ssl: BASE.scheme == "https", read_timeout: 90) do |http|
  take = lambda do |response|
    abort response.body unless response.is_a?(Net::HTTPSuccess)
    JSON.parse(response.body)
  end

  pause = take.(http.post("/v1/pause", JSON.generate(
    recipient: "+1 (312) 847-1928",
    channel: "sms",
    message: "Purge 14,000 records from staging?",
    options: %w[Purge Keep],
    timeout_default: "Keep"
  ), HEADERS))
  pause = take.(http.get("/v1/pause/#{pause["pause_id"]}?wait=60", HEADERS)) while pause["status"] == "pending"

  puts pause["response_choice"] || pause["status"]
end
