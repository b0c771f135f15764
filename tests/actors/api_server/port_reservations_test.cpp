// That no node port is given twice, whoever is slow, stands still or ends at whatever moment.
#include "actors/api_server/port_reservations.hpp"

#include <gtest/gtest.h>

#include "messages/api/core/v1/config_map.pb.h"
#include "messages/api/core/v1/service.pb.h"
#include "messages/api/networking/v1/ip_address.pb.h"
#include "messages/bus/objects.pb.h"
#include "runtime/io/random.hpp"

namespace kabuki::api_server {
namespace {

using Service = ::k8s::io::api::core::v1::Service;
using Answer = std::function<void(Result<runtime::MessagePtr>)>;

Key key_from(const bus::Key& key) { return {static_cast<KindId>(key.kind()), key.namespace_(), key.name()}; }
Key address_key(const std::string& address) { return {kinds::kIPAddress, "", address}; }

/// The shard of services: one order of revisions, compare-and-swap with a guard.
struct Store {
  std::map<Key, ObjectPtr> objects;
  uint64_t revision = 0;

  uint64_t revision_of(const Key& key) const {
    const auto found = objects.find(key);
    return found == objects.end() ? 0 : found->second->revision();
  }
  runtime::MessagePtr get(const bus::GetObjects& verb) const {
    bus::GetObjectsReply reply;
    std::vector<ObjectPtr> found;
    for (const auto& key : verb.keys()) {
      const auto object = objects.find(key_from(key));
      auto* item = reply.add_items();
      item->set_found(object != objects.end());
      if (object == objects.end()) continue;
      item->set_object(static_cast<uint32_t>(found.size()));
      found.push_back(object->second);
    }
    return runtime::make_message(std::move(reply), std::move(found));
  }
  runtime::MessagePtr commit(const bus::Commit& verb, const std::vector<ObjectPtr>& sent) {
    bus::CommitReply reply;
    std::vector<ObjectPtr> found;
    for (const auto& mutation : verb.mutations()) {
      const Key key = key_from(mutation.key());
      auto* item = reply.add_items();
      if (revision_of(key) != mutation.expected_revision()) {
        item->set_outcome(bus::CommitReply::CONFLICT);
        if (const auto object = objects.find(key); object != objects.end()) {
          item->set_has_object(true);
          item->set_object(static_cast<uint32_t>(found.size()));
          found.push_back(object->second);
        }
        continue;
      }
      if (mutation.has_provided() && revision_of(key_from(mutation.provided())) != mutation.provided_revision()) {
        item->set_outcome(bus::CommitReply::UNMET);
        continue;
      }
      item->set_outcome(bus::CommitReply::COMMITTED);
      item->set_revision(++revision);
      if (mutation.put()) {
        objects[key] = Object::at_revision(*sent[mutation.object()], revision);
      } else {
        objects.erase(key);
      }
    }
    return runtime::make_message(std::move(reply), std::move(found));
  }
  std::vector<ObjectPtr> services() const {
    std::vector<ObjectPtr> out;
    for (const auto& [key, object] : objects) {
      if (key.kind == kinds::kService) out.push_back(object);
    }
    return out;
  }
  std::map<Key, std::set<int32_t>> ports() const {
    std::map<Key, std::set<int32_t>> out;
    for (const ObjectPtr& service : services()) {
      auto& ports = out[service->key()];
      const auto parsed = service->as<Service>();
      for (const auto& port : parsed.spec().ports()) ports.insert(port.nodeport());
    }
    return out;
  }
  std::set<int32_t> recorded() const {
    std::set<int32_t> out;
    const auto found = objects.find(PortTable::key());
    if (found == objects.end()) return out;
    const PortTable table = PortTable::read(found->second);
    for (const auto& [port, holder] : table.holders()) out.insert(port);
    return out;
  }
};

/// What happens next is whatever is picked among all that may; what a server that stands still waits for stays.
struct Agenda {
  struct Entry {
    int server;
    std::function<void()> run;
  };
  std::vector<Entry> entries;
  std::set<int> still, gone;

  bool step(io::Random& random, bool all) {
    std::vector<size_t> may;
    for (size_t i = 0; i < entries.size(); ++i) {
      if (all || !still.contains(entries[i].server)) may.push_back(i);
    }
    if (may.empty()) return false;
    const size_t pick = may[random.below(may.size())];
    Entry entry = std::move(entries[pick]);
    entries.erase(entries.begin() + static_cast<ptrdiff_t>(pick));
    entry.run();
    return true;
  }
};

/// An API server as far as services go: the order of what it does is that of WriteFlow and AddressReservations.
struct Server {
  Store& store;
  Agenda& agenda;
  io::Random& random;
  int number;
  int ids = 0;
  ShardClient shards;
  PortReservations ports;

  Server(Store& in, Agenda& by, io::Random& with, int n)
      : store(in),
        agenda(by),
        random(with),
        number(n),
        shards([this](const runtime::Address&, runtime::MessagePtr message, io::Duration,
                      Answer answer) { send(std::move(message), std::move(answer)); },
               [](KindId) { return "objects"; }),
        ports(&shards, {.services = [this](auto then) { then(store.services()); },
                        .now = [] { return io::WallTime{}; },
                        .make_id = [this] { return std::to_string(number) + "-" + std::to_string(++ids); }}) {}

  void later(std::function<void()> run) {
    agenda.entries.push_back({number, [this, run = std::move(run)] {
                                if (!agenda.gone.contains(number)) run();
                              }});
  }
  void send(runtime::MessagePtr message, Answer answer) {
    // A message that is under way arrives even when its sender has ended.
    agenda.entries.push_back({number, [this, message, answer = std::move(answer)] {
                                const auto* get = message->as<bus::GetObjects>();
                                auto reply = get ? store.get(*get)
                                                 : store.commit(*message->as<bus::Commit>(), message->objects);
                                later([answer, reply] { answer(reply); });
                              }});
  }

  static ObjectPtr service(const std::string& name, const std::string& address, const std::set<int32_t>& node_ports) {
    Service out;
    out.mutable_metadata()->set_name(name);
    out.mutable_metadata()->set_namespace_("default");
    out.mutable_spec()->set_type("NodePort");
    out.mutable_spec()->set_clusterip(address);
    for (const int32_t port : node_ports) out.mutable_spec()->add_ports()->set_nodeport(port);
    return Object::encode(kinds::kService, out);
  }

  void put(const ObjectPtr& current, const ObjectPtr& next, WriteFlow::Secured with) {
    const Key key = next ? next->key() : current->key();
    ports.secure(current, next, std::move(with), [this, key, current, next](Result<WriteFlow::Secured> secured) {
      if (!secured) return;
      shards.commit(
          key, current ? current->revision() : 0, next,
          [next, ended = secured->ended](const Result<ShardClient::CommitResult>& result) {
            if (!ended || !result) return;
            std::optional<uint64_t> revision;
            if (result->committed) revision = next ? result->revision : 0;
            ended(revision, [] {});
          },
          secured->guard);
    });
  }
  void create(const std::string& name, const std::set<int32_t>& wanted) {
    const std::string address = "10.96.0." + std::to_string(random.below(200)) + "-" + name;
    ::k8s::io::api::networking::v1::IPAddress object;
    object.mutable_metadata()->set_name(address);
    shards.commit(address_key(address), 0, Object::encode(kinds::kIPAddress, object),
                  [this, name, address, wanted](const Result<ShardClient::CommitResult>& reserved) {
                    if (!reserved || !reserved->committed) return;
                    WriteFlow::Secured secured;
                    secured.guard.other = address_key(address);
                    secured.guard.other_revision = reserved->revision;
                    secured.ended = [this, address, revision = reserved->revision](std::optional<uint64_t> done,
                                                                                   std::function<void()> then) {
                      if (done) return then();
                      shards.commit(address_key(address), revision, nullptr, [then](const auto&) { then(); });
                    };
                    put(nullptr, service(name, address, wanted), std::move(secured));
                  });
  }
  /// `wanted` none: it is deleted.
  void change(const std::string& name, const std::optional<std::set<int32_t>>& wanted) {
    shards.get({kinds::kService, "default", name}, [this, name, wanted](const Result<ObjectPtr>& found) {
      if (!found || !*found) return;
      const std::string address = (*found)->as<Service>().spec().clusterip();
      WriteFlow::Secured secured;
      if (!wanted) {
        secured.ended = [this, address](std::optional<uint64_t> done, std::function<void()> then) {
          if (!done) return then();
          shards.get(address_key(address), [this, address, then](const Result<ObjectPtr>& reserved) {
            if (!reserved || !*reserved) return then();
            shards.commit(address_key(address), (*reserved)->revision(), nullptr, [then](const auto&) { then(); });
          });
        };
      }
      put(*found, wanted ? service(name, address, *wanted) : ObjectPtr(), std::move(secured));
    });
  }
};

void expect_each_port_once(const Store& store, uint64_t seed) {
  std::map<int32_t, Key> holders;
  const auto services = store.ports();
  for (const auto& [service, ports] : services) {
    for (const int32_t port : ports) {
      const auto [other, is_first] = holders.emplace(port, service);
      ASSERT_TRUE(is_first) << "seed " << seed << ": " << port << " of " << service.name << " and "
                            << other->second.name;
    }
  }
}

TEST(PortReservations, NoPortIsGivenTwiceWhoeverStandsStillOrEnds) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    io::Random random(seed);
    Store store;
    Agenda agenda;
    std::vector<std::unique_ptr<Server>> servers;
    for (int i = 0; i < 3; ++i) servers.push_back(std::make_unique<Server>(store, agenda, random, i));
    const auto pick = [&] { return random.below(servers.size()); };
    const auto some_ports = [&] {
      std::set<int32_t> out;
      for (uint64_t i = random.below(2) + 1; i > 0; --i) out.insert(30000 + static_cast<int32_t>(random.below(8)));
      return out;
    };
    for (int round = 0; round < 400; ++round) {
      const std::string name = "s" + std::to_string(random.below(16));
      switch (random.below(10)) {
        case 0:
        case 1:
          servers[pick()]->create(name, some_ports());
          break;
        case 2:
        case 3:
          servers[pick()]->change(name, some_ports());
          break;
        case 4:
          servers[pick()]->change(name, std::nullopt);
          break;
        case 5:
          servers[pick()]->ports.repair(store.ports());
          break;
        case 6:
          servers[pick()]->create(name, some_ports());
          break;
        case 7:
          if (random.below(3) == 0) agenda.still.clear();
          break;
        case 8:
          if (random.below(8) == 0) {
            // It ends, and another begins.
            const size_t old = pick();
            agenda.gone.insert(servers[old]->number);
            servers.push_back(std::make_unique<Server>(store, agenda, random, static_cast<int>(servers.size())));
          }
          break;
        default:
          for (const auto& server : servers) server->ports.repair(store.ports());
          break;
      }
      for (uint64_t steps = random.below(80); steps > 0; --steps) {
        // In the middle of whatever it does.
        if (random.below(60) == 0) agenda.still.insert(static_cast<int>(pick()));
        agenda.step(random, false);
        ASSERT_NO_FATAL_FAILURE(expect_each_port_once(store, seed));
      }
    }
    agenda.still.clear();
    while (agenda.step(random, true)) ASSERT_NO_FATAL_FAILURE(expect_each_port_once(store, seed));
    // At rest every port is recorded that is held, and no other.
    for (int i = 0; i < 4; ++i) {
      for (const auto& server : servers) {
        if (!agenda.gone.contains(server->number)) server->ports.repair(store.ports());
      }
      while (agenda.step(random, true)) ASSERT_NO_FATAL_FAILURE(expect_each_port_once(store, seed));
      // What is left of addresses goes as AddressReservations::repair would have it.
      std::set<std::string> used;
      for (const ObjectPtr& service : store.services()) used.insert(service->as<Service>().spec().clusterip());
      std::erase_if(store.objects, [&](const auto& entry) {
        return entry.first.kind == kinds::kIPAddress && !used.contains(entry.first.name);
      });
    }
    std::set<int32_t> held;
    for (const auto& [service, ports] : store.ports()) held.insert(ports.begin(), ports.end());
    EXPECT_EQ(store.recorded(), held) << "seed " << seed;
  }
}

TEST(PortReservations, WhatAnAttemptOfTheSameServiceLeftDoesNotStandInItsWay) {
  // The first server takes the port and then stands still, after each number of steps; clients try again elsewhere.
  for (int steps = 1; steps < 14; ++steps) {
    io::Random random(3);
    Store store;
    Agenda agenda;
    Server first(store, agenda, random, 0), second(store, agenda, random, 1);
    first.create("web", {30000});
    for (int i = 0; i < steps; ++i) agenda.step(random, false);
    agenda.still.insert(0);
    second.create("web", {30000});
    while (agenda.step(random, false)) expect_each_port_once(store, 0);
    const auto web = store.ports();
    ASSERT_EQ(web.size(), 1u) << "refused after " << steps << " steps";
    agenda.still.clear();
    while (agenda.step(random, true)) expect_each_port_once(store, 0);
    EXPECT_EQ(store.ports(), web);
    EXPECT_EQ(store.recorded(), std::set<int32_t>{30000});
  }
}

TEST(PortTable, KeepsWhatItCannotRead) {
  ::k8s::io::api::core::v1::ConfigMap map;
  (*map.mutable_data())["30001"] = "default/web/10.96.0.12/x";
  (*map.mutable_data())["30002"] = "by hand";
  (*map.mutable_data())["note"] = "mine";
  const ObjectPtr object = Object::encode(kinds::kConfigMap, map);
  PortTable table = PortTable::read(object);
  EXPECT_EQ(*table.holder(30001), (PortHolder{{kinds::kService, "default", "web"}, "10.96.0.12", "x"}));
  EXPECT_TRUE(table.is_taken(30002));
  EXPECT_EQ(table.holder(30002), nullptr);
  table.free(30001);
  table.take(30003, {{kinds::kService, "a", "b"}, "10.96.0.13", "y"});
  const auto after = table.write(object, "", 0)->as<::k8s::io::api::core::v1::ConfigMap>();
  EXPECT_EQ(
      (std::map<std::string, std::string>(after.data().begin(), after.data().end())),
      (std::map<std::string, std::string>{{"30002", "by hand"}, {"30003", "a/b/10.96.0.13/y"}, {"note", "mine"}}));
}

}  // namespace
}  // namespace kabuki::api_server
