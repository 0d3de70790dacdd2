package main

// tails are what people put behind a word.
var tails = []string{
	"", "1", "2", "3", "7", "8", "9", "0", "11", "12", "21", "22", "23", "69", "77", "88", "99", "00", "01", "007", "100", "101",
	"111", "123", "222", "321", "333", "555", "666", "777", "888", "999", "000", "1111", "1122", "1212", "1234", "4321", "0000",
	"12345", "54321", "123456", "654321", "1234567", "12345678", "123456789", "1234567890", "!", "!!", "!!!", "1!", "12!", "123!",
	"1234!", "12345!", "@", "@1", "@12", "@123", "@1234", "#", "#1", "#123", ".", "?", "$", "*", "_1", "_123", "-1", "-123",
	"abc", "abc123", "qwerty", "a", "x", "xx", "xxx", "z", "q1", "a1", "1a", "1q2w3e",
}

// counts are the most usual of them.
var counts = []string{
	"", "1", "2", "7", "01", "11", "12", "22", "69", "88", "99", "007", "111", "123", "321", "777", "1234", "12345", "123456",
	"12345678", "!", "1!", "123!", "@123", "abc123",
}

// rows are the lines that fingers walk along.
const rows = `1234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop azertyuiop qsdfghjklm
abcdefghijklmnopqrstuvwxyz 1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p qazwsxedcrfvtgbyhnujmikolp
1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6u7i8o9p0 a1b2c3d4e5f6g7h8i9 1a2b3c4d5e6f7g8h9i0 zaqxswcdevfrbgtnhymju
147258369 789456123 159357 741852963 963852741 1qazxsw23edc zaq12wsx cde34rfv !qaz@wsx#edc
qwertyuiopasdfghjklzxcvbnm asdfghjklqwertyuiop zxcvbnmasdfghjkl 1234qwerasdfzxcv qweasdzxc aassddff poiuytrewq`

// runs are short walks that people join.
const runs = `123 1234 12345 123456 321 4321 111 000 1111 0000 abc abcd abc123 qwe qwer qwert qwerty asd asdf asdfg asdfgh
zxc zxcv zxcvb zxcvbn qaz wsx edc rfv 1qaz 2wsx 3edc 4rfv !qaz @wsx q1w2 e3r4 q1w2e3 1q2w 3e4r 1q2w3e 4r5t 1a2b qaz123 asd123 qwe123 zxc123 aaa bbb xxx zzz`

// favourites are the words that come first to mind when a password is wanted.
const favourites = `password passwort passcode passw0rd pass passwd admin administrator root user guest login signin welcome
letmein secret master default changeme test tester temp dragon monkey sunshine princess iloveyou ilove love lovely baby angel
football baseball soccer superman batman starwars pokemon pikachu naruto qwerty asdfgh zxcvbn whatever hello freedom shadow
michael jordan jessica ashley summer winter spring autumn flower cookie chocolate computer internet google apple samsung
sekisho amazon seller buyer shop market account money bank secure security pasuwado himitsu anshou aikotoba sakura nihon nippon
japan tokyo osaka kyoto arigatou daisuki aishiteru konnichiwa ohayou doraemon totoro ninja samurai sensei tomodachi neko inu`

// words are other everyday words.
const words = `access action active adidas africa airplane alaska albert alexis alpha amanda america anaconda anchor animal
answer apollo apples april arsenal arizona artist asshole aurora austin avatar bacon badboy badger banana bandit barcelona barney
basket basketball bear beauty beautiful beaver beetle berlin biker birdie bitch biteme blabla black blackie blessed blizzard blonde
blowme blue bluebird bobcat bonjour bonnie booboo booger boomer boston boxer brandy brasil brazil bridge broken brother brown
bubbles buddy buffalo bulldog bullet bumble business buster butter butterfly buttons california camera canada candle candy captain
carbon cardinal carolina caramel carpet castle catalog celtic center champion chance changes charger cheese chelsea cherry chester
chicago chicken chocolat chopper christ christmas church circus clover cobra cocacola coffee college comet compaq concrete control
cookies copper corvette cosmos cougar country courage cowboy cowboys coyote crazy cream creative cricket crystal dallas dancer danger
darkness darling december delta demon denver desert design destiny detroit devil diamond diesel digital dinosaur disney doctor dodgers
dollar dolphin dolphins domino donald doggie dragonball dragons dreams driver eagle eagles earth easter eclipse eight electric elephant
element emerald empire energy england enter enterprise everton evolution extreme falcon family fantasy father february ferrari
fighter final fire fireball firebird firefly fireman fish fisher fishing flash florida flowers flying forest forever formula fortune
france freddy free freeman friday friend friends froggy frozen fuckme fuckoff fuckyou future galaxy gameboy gamer games garden garfield
gateway gemini general genesis genius germany ghost giants ginger giraffe global gold golden goldfish golfer gordon gorilla grandma
granny grass green greenday guitar gundam hammer hamster happy happyday hardcore harley harrypotter hawaii hawk heart hearts heaven
helpme hendrix hidden history hockey holiday holland homer honda honey horizon horse horses hotdog house hunter husband iceman
iphone ireland ironman island italia jaguar january jasmine jasper jesus jesuschrist joker journey jumper junior jupiter justice
killer kingdom kinglove kitchen kitten kitty klingon knight knights ladybug lakers legend lemon leopard liberty life light lightning lion
lionking liverpool lizard london looking lonely lucky luckyone machine madrid magic magnum mammal manager manchester mango marine marines
marlboro marvel matrix maverick maxwell melody memory merlin mercedes mercury mexico miami midnight military miracle mission mobile
monday monster montana moon moonlight morning mother motorola mountain mouse movie murphy music mustang mylove nascar nature network
newyork nicole nintendo nirvana nissan nothing november number office officer october ocean online orange orchid oxford pacific packers
panda panther panthers paradise paris parrot party patriots peace peaches peanut pebbles penguin pepper peugeot phantom phoenix
picture piglet pineapple pirate pizza player playboy please poison police popcorn porsche portugal power precious president prince
private project promise puppy purple pussy pussycat pyramid queen rabbit racing raiders railway rainbow raptor raven ready realmadrid
rebel rescue rocket rocky rockstar rockyou ronaldo rooster rose rosebud royal runner russia sailor saints salmon samson saturday
saturn school science scooter scorpio scorpion scotland september service seven sexy shadows shalom shark sheriff shopping silver
simple simpsons singer sister skate skater skyline sleep slipknot smile smiley smokey snake snickers snoopy snow snowball snowman
softball soldier something spain spanish sparky special spider spiderman spirit sponge sports spongebob squirrel stanley star stargate
starlight station steelers stella steven sticky storm strawberry street student studio success sugar summertime sunday sunflower sunny
sunset super superstar support surfer swimming switch sword system tattoo taylor teacher telephone texas thanks theman thunder thursday
thx1138 tiger tigers tigger time titanic together tomcat toyota tractor trains travel treasure trinity trouble trustno1 truelove
tuesday turtle twilight twitter undertaker unicorn united universe usa vampire vanilla victory video viking village viper virgin
vision volcano volley volleyball volvo voyager walker warcraft warrior warriors water waterfall watermelon weather wednesday welcome1
white wildcat william windows winner wisdom wizard wolf wolves woman wonder world worldcup xbox yamaha yankees yellow zombie
aikido aisatsu akatsuki akai ame amaterasu anata anime aoi aozora arashi asahi ashita atarashii baka bakayarou bara benkyou bento bijin
bishoujo bushido chibi chikara chocho daikon daisukidayo dango densha denwa fuji fujisan fukuoka futari gakkou gambare ganbatte geisha
genki gohan hachi haiku hana hanabi hanako hanami harajuku haru hayabusa hello kitty hikari hikouki himawari hime hiragana hiroshima
hokkaido hoshi hoshizora ichiban ichigo ikebana itadakimasu jidousha jikan judo kabuki kaeru kagayaki kaisha kamikaze kamisama
kampai kanji kanpai karaoke karate kareraisu kawaii kaze kazoku kendo kenkou kimono kinjo kirei kobe kodomo koibito kokoro koneko konbini
konbanwa koucha kuma kurisumasu kuruma kyojin kyushu maguro mahou maneki manga matcha matsuri megane mikan minato mirai misoshiru
mizu mochi momiji momo monogatari moshimoshi murasaki nagoya naisho namae natsu natsuyasumi nekochan nekoneko nihongo nihonjin ningen
niwatori nonbiri odango ofuro ohana okaasan okane okinawa okonomiyaki omedetou onigiri onsen origami otaku otousan otsukaresama oyasumi
pachinko panda ramen rakuten ringo romaji ryokan ryokou sakana sapporo sashimi sayonara sendai shiawase shibuya shiba shibainu shigoto
shinjuku shinkansen shiro shiroi shogun sora sudoku sugoi sukiyaki suki sumo sushi suzume taiyou takoyaki tamago tanabata tanjoubi
tanoshii tanuki tatami tempura tenki tennis tensai terebi tofu tora tsubaki tsuki tsunami tsuru uchi udon umi unagi usagi utada wakaba
wasabi watashi yakiniku yakisoba yakitori yakyuu yama yamato yasai yasashii yokohama yoroshiku yosakoi yukata yuki yume yuuhi yuujou zen`

// names are given and family names.
const names = `aaron adam adrian alan albert alejandro alex alexander alexandra alice alicia allison amber amy andrea andrew angela
angelina anita anna annie anthony antonio arthur barbara benjamin bernard beth bobby bradley brandon brenda brian brittany bruce
calvin cameron carlos carmen caroline catherine charles charlie charlotte chris christian christina christine christopher cindy claire
claudia colin connor crystal curtis daniel daniela david deborah dennis derek diana diego dominic donna dorothy dylan edward eileen
elaine elena elizabeth ellen emily emma eric erica eugene eva evelyn felix fernando fiona frances francis frank fred gabriel gary george
gerald gloria grace greg gregory hannah harold harry heather helen henry howard isaac isabel isabella jack jackson jacob james jamie
jane janet jason jeffrey jennifer jeremy jerry jesse jimmy joan joanna johnny jonathan joseph joshua juan judith julia julian julie
justin karen katherine kathleen kathryn katie keith kelly kenneth kevin kimberly kristen kyle larry laura lauren leonard leslie linda
lindsey lisa logan louis louise lucas lucy luis luke madison marcus margaret maria marie marilyn mario mark martha martin mary matthew
megan melanie melissa michelle miguel mike mohammed mohamed monica morgan muhammad nancy natalie natasha nathan nicholas nick nicolas
nina norman oliver olivia oscar pamela patricia patrick paul pauline pedro peter philip phillip rachel ralph raymond rebecca ricardo
richard robert roberto roger roland ronald rosemary russell ruth ryan sabrina samantha samuel sandra sara sarah scott sean sebastian
sergio sharon shawn sheila shirley simon sofia sophia sophie stacey stephanie stephen steve stuart susan sylvia tamara teresa
theresa thomas timothy tina tommy tony tracy travis tyler valerie vanessa veronica victor victoria vincent virginia walter wayne
wendy yvonne zachary smith johnson williams jones miller davis garcia rodriguez wilson martinez anderson thompson robinson clark lewis
sato suzuki takahashi tanaka watanabe ito yamamoto nakamura kobayashi kato yoshida yamada sasaki yamaguchi matsumoto inoue kimura
hayashi saito shimizu yamazaki mori abe ikeda hashimoto yamashita ishikawa nakajima maeda fujita ogawa goto okada hasegawa murakami kondo
ishii sakamoto endo aoki fujii nishimura fukuda ota miura fujiwara okamoto matsuda nakagawa nakano harada ono tamura takeuchi kaneko
wada nakayama ishida ueda morita hara shibata sakai kudo yokoyama miyazaki miyamoto uchida takagi ando taniguchi ohno maruyama imai
takada fujimoto takeda murata ueno sugiyama masuda sugawara hirano kojima otsuka chiba kubo matsui iwasaki sakurai kinoshita noguchi
matsuo nomura kikuchi sano onishi sugimoto arai hamada ichikawa furukawa mizuno komatsu shimada koyama
taro jiro hanako ichiro kenji kenta shota daisuke takashi hiroshi makoto akira satoshi naoki tatsuya kazuki daiki shun ren haruto
yuto sota yuki hinata riku minato itsuki asahi hayato kaito takumi ryota ryo tsubasa kota yusuke yuta keisuke kohei masato masaki
tomoya hideki koji kazuya shinji manabu yoichi noboru minoru osamu isamu kiyoshi shigeru susumu yutaka sakura misaki aoi himari yui
mei rin hina yuna akari mio rio haruka nanami ayaka miku mayu ai yuka yuko keiko kazuko sachiko michiko yoko kyoko noriko tomoko
junko mariko naoko akiko emiko hiroko reiko takako masako yumiko kumiko chieko fumiko miyuki megumi kaori chihiro natsumi asuka
rika saki shiori risa erika maki yoshiko hitomi mai moe nana chika ayumi satomi izumi mika miho kana kanako tomomi`

// phrases are joined, and kept with their spaces too.
const phrases = `i love you
i love you so much
i hate you
i love my mom
i love my mother
i love my family
i love jesus
jesus loves me
god is love
god bless you
let me in please
open the door
open sesame
this is my password
my password is password
my new password
my secret password
the password
password is password
not my password
no password here
new password
old password
forgot my password
i forgot my password
i dont know
i do not know
i have no idea
who are you
what is this
what the hell
what the fuck
trust no one
trust nobody
change me now
change this password
please change me
please let me in
welcome to the jungle
welcome back
welcome home
hello world
hello kitty
hello my friend
hello there
good morning
good night
good luck
happy birthday
happy new year
merry christmas
star wars
star trek
harry potter
lord of the rings
game of thrones
dragon ball
sailor moon
one piece
attack on titan
final fantasy
super mario
mickey mouse
winnie the pooh
real madrid
manchester united
new york
new york city
los angeles
las vegas
san francisco
united states
united kingdom
correct horse battery staple
to be or not to be
may the force be with you
never give up
never say never
never forget
live laugh love
carpe diem
just do it
hakuna matata
no pain no gain
time is money
money money money
love is all you need
all you need is love
dont worry be happy
be happy
keep calm and carry on
the quick brown fox
the quick brown fox jumps over the lazy dog
mary had a little lamb
twinkle twinkle little star
one two three
one two three four
one two three four five
abcdefg hijklmn
first last
administrator password
admin password
admin admin
root root
test test
test user
user name
guest guest
super secret
top secret
super man
spider man
pass word
pass phrase
pass code
log me in
sign me in
security code
my account
my shop
my company
amazon seller
seller central
watashi no namae
watashi no pasuwado
pasuwado desu
himitsu desu
himitsu no kotoba
hirake goma
ohayou gozaimasu
arigatou gozaimasu
doumo arigatou
yoroshiku onegaishimasu
konnichiwa sekai
tanjoubi omedetou
akemashite omedetou
aishiteru yo
daisuki desu
suki desu
ganbatte kudasai
nihon ichi
tokyo tower
tokyo disneyland
disney land
hanshin tigers
yomiuri giants
neko daisuki
inu daisuki
kawaii neko
kawaii inu
tonari no totoro
sen to chihiro
kimi no na wa
kimetsu no yaiba
shingeki no kyojin
pasokon desu
wasureta yo
pasuwado wasureta
`
