/** Emoji that are offered, each with its short name and words to find it by, in English and French. */

import { fold } from "../lib/words.js";

const LIST = `
👍 thumbsup yes ok like agree pouce oui accord
❤️ heart love coeur amour
😄 smile happy laugh sourire content rire
🎉 tada party celebrate fête bravo
🙏 pray thanks please merci prière svp
👀 eyes look see yeux regarder
✅ check done yes fait coché
🔥 fire hot feu chaud
😀 grin happy sourire
😁 beam teeth dents
😆 laughing haha mdr rire
😅 sweat relief sueur ouf
🤣 rofl rolling mdr
😂 joy tears larmes rire
🙂 slight smile léger sourire
🙃 upside envers
😉 wink clin oeil
😊 blush shy rougir
😇 angel innocent ange
🥰 adore hearts amoureux
😍 love eyes coeurs
😘 kiss bisou
😋 yum tasty miam
😜 tongue silly langue
🤪 zany crazy fou
🤗 hug calin
🤔 think hmm réfléchir
🤫 quiet shh chut
🤨 doubt eyebrow sourcil doute
😐 neutral meh neutre
😶 speechless muet
😏 smirk malin
🙄 rolleyes yeux ciel
😬 grimace awkward gêne
😌 relieved calm soulagé
😔 pensive sad pensif
😴 sleep tired dormir fatigue
😷 mask sick masque malade
🤒 ill fever fièvre
🤯 mindblown explode explosé
🥳 partying fête
😎 cool sunglasses lunettes
🤓 nerd geek intello
😕 confused perplexe
😟 worried inquiet
😮 wow open surprise oh
😲 astonished étonné
😳 flushed gêné
🥺 pleading please suppliant
😢 cry sad pleurer triste
😭 sob bawl sanglot
😱 scream fear peur cri
😞 disappointed déçu
😩 weary las
😤 huff triumph vexé
😡 angry mad colère
💀 skull dead crâne mort
👻 ghost boo fantôme
🤖 robot bot
😺 cat smile chat
🙈 monkey see singe
👋 wave hello bye salut coucou
🤚 hand raised main
✋ stop high five main
👌 perfect ok parfait
✌️ peace victory paix
🤞 luck fingers chance doigts
🤟 love you je t'aime
🤙 call me appelle
👈 left gauche
👉 right droite
👆 up haut
👇 down bas
👎 thumbsdown no dislike non
👊 fist punch poing
👏 clap bravo applause applaudir
🙌 raised hooray hourra
🤝 handshake deal accord
💪 strong muscle fort
🧠 brain idea cerveau
👶 baby bébé
🧑 person personne
👪 family famille
🏃 run courir
💃 dance danser
🤷 shrug dunno bof
🤦 facepalm oups
🙋 raise me moi
💔 broken heart brisé
💛 yellow heart coeur jaune
💚 green heart coeur vert
💙 blue heart coeur bleu
💜 purple heart coeur violet
💯 hundred perfect cent
💥 boom collision
💫 dizzy étourdi
💬 speech talk bulle parler
💤 zzz sleep dodo
⭐ star étoile
🌟 glow star brille
✨ sparkles magic étincelles
⚡ zap lightning éclair
☀️ sun soleil
🌤️ fair weather éclaircie
☁️ cloud nuage
🌧️ rain pluie
⛈️ storm orage
❄️ snow neige
🌈 rainbow arc ciel
🌊 wave sea water vague mer eau
💧 drop water goutte
🌙 moon night lune nuit
🌍 earth world terre monde
🌱 sprout grow pousse
🌳 tree arbre
🌷 tulip flower fleur
🌹 rose
🍀 clover luck trèfle
🍂 leaves autumn feuilles automne
🐶 dog chien
🐱 kitty chat
🐭 mouse souris
🐻 bear ours
🐦 bird oiseau
🦆 duck canard
🐟 fish poisson
🐙 octopus pieuvre
🦀 crab crabe
🐝 bee abeille
🦋 butterfly papillon
🍎 apple pomme
🍋 lemon citron
🍓 strawberry fraise
🍞 bread pain
🥖 baguette pain
🧀 cheese fromage
🍕 pizza
🍜 noodles soupe nouilles
🍰 cake gâteau
🎂 birthday anniversaire
🍫 chocolate chocolat
☕ coffee tea café thé
🍵 tea thé
🍷 wine vin
🍺 beer bière
🥂 cheers toast santé
⚽ football soccer foot ballon
🏆 trophy win trophée
🎮 game jeu
🎲 dice dé
🎨 art paint peinture
🎵 music note musique
🎸 guitar guitare
🎬 film movie cinéma
📷 camera photo appareil
🚲 bike vélo
🚗 car voiture
🚆 train
⛵ sail boat voile bateau
🛶 canoe canoë pirogue
⚓ anchor harbour ancre port
✈️ plane avion
🚀 rocket ship fusée
🏠 house home maison
🏖️ beach plage
⛺ tent camp tente
🌉 bridge pont
⏰ alarm clock réveil heure
⏳ hourglass wait sablier attendre
📅 calendar date calendrier
📌 pin épingle
📎 clip trombone
✏️ pencil crayon
📝 memo note
📚 books livres
💡 idea bulb idée
🔧 wrench tool clé outil
🔨 hammer marteau
🪣 bucket seau
🔒 lock closed verrou cadenas
🔑 key clé
🔔 bell cloche
📣 megaphone announce annonce
📦 package box paquet
✉️ mail letter lettre courrier
💰 money argent
🎁 gift present cadeau
🎈 balloon ballon
➕ plus add
➖ minus
❓ question
❗ exclamation important
⚠️ warning attention
❌ cross no non croix
♻️ recycle recycler
🏳️‍🌈 pride rainbow fierté
🏁 finish arrivée
`;

/** @typedef {{emoji: string, name: string, words: string[]}} Emoji */

/** @type {Emoji[]} */
export const all = LIST.trim().split("\n").map((line) => {
  const [emoji = "", name = "", ...words] = line.split(" ");
  return { emoji, name, words: [name, ...words].map(fold) };
});

const RECENT = "rialto-recent-emoji";
const KEPT = 16;

/** Those used last, filled up with the most common. @param {number} count @returns {string[]} */
export function recent(count) {
  const used = (localStorage.getItem(RECENT) ?? "").split(" ").filter(Boolean);
  return [...new Set([...used, ...all.map((each) => each.emoji)])].slice(0, count);
}

/** @param {string} emoji */
export function used(emoji) {
  localStorage.setItem(RECENT, [...new Set([emoji, ...recent(KEPT)])].slice(0, KEPT).join(" "));
}

/** Best first: names that begin with the text, then any word that does. @param {string} text @param {number} [most] @returns {Emoji[]} */
export function search(text, most = Infinity) {
  const wanted = fold(text.trim());
  if (!wanted) return all.slice(0, most);
  const named = all.filter((each) => each.words[0]?.startsWith(wanted));
  const known = all.filter((each) => !named.includes(each) && each.words.some((word) => word.startsWith(wanted)));
  return [...named, ...known].slice(0, most);
}
